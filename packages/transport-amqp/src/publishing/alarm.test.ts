import { AmqpError } from "@lovage/client-amqp";
import type { OutgoingMessage } from "@lovage/transport";
import { describe, expect, test, vi } from "vitest";

import { followUp, Scene, type FakeChannel } from "./test-support/publisher-scene.ts";
import { SentMessages } from "./sent-messages.ts";

/** The first attempt, whose time is over. */
async function begin(scene: Scene, sent: SentMessages, signal?: AbortSignal): Promise<void> {
  const first = scene.publisher.publish([followUp("mail")], { timeoutMs: 100, sent, signal });
  first.catch(() => {});
  await scene.clock.advance(100);
  await expect(first).rejects.toMatchObject({ code: "PUBLISH_TIMEOUT" });
}

async function repeat(scene: Scene, sent: SentMessages): Promise<string> {
  try {
    // Another object each time, as a copy with a note is.
    await scene.publisher.publish([followUp("mail")], { timeoutMs: 100, sent });
    return "accepted";
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

const writtenIn = ({ channels }: Scene): number => channels.flatMap(({ sent }) => sent).length;

describe("a delayed message whose way is not known,", () => {
  const delayed: OutgoingMessage = { ...followUp("mail"), notBefore: { inMs: 1_000 } };
  const silence = new AmqpError("declaring the queues for delays: no answer within 10000 ms", { kind: "unavailable" });

  test("asks nothing under an alarm, fails by it when its time is over, and is let go of then", async () => {
    const scene = new Scene().begin();
    scene.isBlocked = true;
    const make = vi.spyOn(scene, "make");
    const outcomes = ["one", "two"].map(() => scene.publisher.publish([delayed], { timeoutMs: 1_000 }));
    const settled = Promise.allSettled(outcomes);
    await scene.clock.advance(1_000);
    const reason = { code: "PUBLISH_TIMEOUT", message: expect.stringContaining("alarm") as string };
    expect(await settled).toMatchObject([{ reason }, { reason }]);
    scene.endAlarm();
    await scene.clock.advance(0);
    expect([make.mock.calls.length, scene.channels[0]?.sent]).toEqual([0, []]);
    scene.publisher.close();
  });

  test("goes out when the alarm ends in time, also one that has asked before it came", async () => {
    const scene = new Scene().begin();
    const asked = Promise.withResolvers<boolean>();
    scene.make = () => asked.promise;
    const outcomes = Promise.all([1, 2].map(() => scene.publisher.publish([delayed], { timeoutMs: 30_000 })));
    await scene.clock.advance(0);
    scene.isBlocked = true;
    scene.make = async () => await Promise.resolve(true);
    await scene.clock.advance(10_000);
    asked.reject(silence);
    await scene.clock.advance(10_000);
    expect(scene.channels[0]?.sent).toEqual([]);
    scene.endAlarm();
    await scene.clock.advance(0);
    for (const confirm of scene.channels[0]!.confirms) confirm(null);
    await outcomes;
    expect(scene.channels[0]?.sent).toHaveLength(2);
    scene.publisher.close();
    expect(scene.clock.pending).toBe(0);
  });
});

describe("a settlement that is repeated, since it was not confirmed in time as under an alarm,", () => {
  test("waits for what was written, and does not write it again, however often", async () => {
    const [scene, sent] = [new Scene().begin(), new SentMessages()];
    await begin(scene, sent);
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const outcome = repeat(scene, sent);
      await scene.clock.advance(100);
      expect(await outcome).toBe("PUBLISH_TIMEOUT");
    }
    const last = repeat(scene, sent);
    await scene.clock.advance(50);
    scene.channels[0]?.confirms[0]?.(null);
    expect([await last, writtenIn(scene), scene.clock.pending]).toEqual(["accepted", 1, 0]);
    scene.publisher.close();
  });

  test("is done with at once what was confirmed between two attempts", async () => {
    const [scene, sent] = [new Scene().begin(), new SentMessages()];
    await begin(scene, sent);
    scene.channels[0]?.confirms[0]?.(null);
    expect([await repeat(scene, sent), writtenIn(scene)]).toEqual(["accepted", 1]);
    scene.publisher.close();
  });

  test.each([
    ["was refused", "TRANSPORT_UNAVAILABLE", (channel: FakeChannel) => channel.confirms[0]?.(new Error("nacked"))],
    ["was lost with its channel", "PUBLISH_UNCERTAIN", (channel: FakeChannel) => channel.emit("close")],
  ])("writes again what %s", async (_, code, end) => {
    const [scene, sent] = [new Scene().begin(), new SentMessages()];
    await begin(scene, sent);
    const second = repeat(scene, sent);
    await scene.clock.advance(0);
    end(scene.channels[0]!);
    expect(await second).toBe(code);
    await scene.clock.advance(1_000);
    const third = repeat(scene, sent);
    await scene.clock.advance(0);
    scene.channels.at(-1)?.confirms.at(-1)?.(null);
    expect([await third, writtenIn(scene)]).toEqual(["accepted", 2]);
    scene.publisher.close();
  });

  test("writes what was never written", async () => {
    const [scene, sent] = [new Scene(), new SentMessages()];
    await begin(scene, sent);
    scene.begin();
    await scene.clock.advance(0);
    expect(writtenIn(scene)).toBe(0);
    const second = repeat(scene, sent);
    await scene.clock.advance(0);
    scene.channels[0]?.confirms[0]?.(null);
    expect([await second, writtenIn(scene)]).toEqual(["accepted", 1]);
    scene.publisher.close();
  });

  test("leaves nothing behind that listens, once the fate of what was left is known", async () => {
    const [scene, sent] = [new Scene().begin(), new SentMessages()];
    const held = new AbortController();
    const removed = vi.spyOn(held.signal, "removeEventListener");
    await begin(scene, sent, held.signal);
    expect(removed).not.toHaveBeenCalled();
    scene.channels[0]?.confirms[0]?.(null);
    await scene.clock.advance(0);
    expect(removed).toHaveBeenCalledOnce();
    scene.publisher.close();
  });
});
