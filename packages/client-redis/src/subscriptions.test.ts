import { EventEmitter } from "node:events";

import type { Redis } from "ioredis";
import { describe, expect, it } from "vitest";

import { Subscriptions } from "./subscriptions.ts";

/** A client that takes all subscriptions but those to channels that are forbidden. */
class FakeClient extends EventEmitter {
  readonly forbidden = new Set<string>();

  async call(): Promise<number> {
    return 1;
  }

  async subscribe(...channels: readonly string[]): Promise<void> {
    if (channels.some((channel) => this.forbidden.has(channel))) throw new Error("NOPERM");
  }

  async unsubscribe(): Promise<void> {}

  say(channel: string): void {
    this.emit("messageBuffer", Buffer.from(channel), Buffer.from("text"));
  }
}

const asRedis = (client: FakeClient): Redis => client as unknown as Redis;

describe("subscriptions", () => {
  it("are possible again after the further client could not be opened once", async () => {
    const client = new FakeClient();
    const opened = [Promise.reject(new Error("max number of clients reached")), Promise.resolve(asRedis(client))];
    const subscriptions = new Subscriptions(() => opened.shift() ?? Promise.reject(new Error("once too often")));
    const heard: string[] = [];
    await expect(subscriptions.add(["a"], () => heard.push("first"))).rejects.toThrow("max number");
    await subscriptions.add(["a"], () => heard.push("second"));
    client.say("a");
    expect(heard).toEqual(["second"]);
  });

  it("that were refused are forgotten, and those beside them stay", async () => {
    const client = new FakeClient();
    const subscriptions = new Subscriptions(async () => asRedis(client));
    const heard: string[] = [];
    client.forbidden.add("b");
    const subscription = await subscriptions.add(["a"], (channel) => heard.push(`first ${channel}`));
    await expect(subscription.add(["a", "b"])).rejects.toThrow("NOPERM");
    client.forbidden.clear();
    await subscriptions.add(["b"], (channel) => heard.push(`second ${channel}`));
    client.say("a");
    client.say("b");
    expect(heard).toEqual(["first a", "second b"]);
  });
});
