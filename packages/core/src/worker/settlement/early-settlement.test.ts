import { PublishError, PublishTimeoutError, PublishUncertainError, TransportUnavailableError } from "@lovage/transport";
import type { Connection, OutgoingMessage } from "@lovage/transport";
import { afterEach, describe, expect, test } from "vitest";
import { chain } from "../../canvas/chain.ts";
import { group } from "../../canvas/group.ts";
import { changed, workerHarness } from "../test-support/worker-harness.ts";
import type { WorkerHarness } from "../test-support/worker-harness.ts";

let harness: WorkerHarness;
afterEach(() => harness.close());

type Publish = (messages: readonly OutgoingMessage[], send: Connection["publish"]) => Promise<void>;

/** A broker whose publishing may be played, from when `plays` is set. */
async function setUp(play: Publish): Promise<WorkerHarness & { readonly plays: { now: boolean } }> {
  const plays = { now: false };
  harness = await workerHarness({
    wrapConnection: (connection) =>
      changed(connection, {
        publish: (messages, options) =>
          plays.now ? play(messages, (some) => connection.publish(some)) : connection.publish(messages, options),
      }),
  });
  return { ...harness, plays };
}

const unavailable = (): Error => new TransportUnavailableError("its node is away");

describe("a task that acknowledges early", () => {
  test("is followed once by what one queue takes, however often another refuses its part", async () => {
    let refusals = 3;
    const { app, clock, plays, until, waiting, observer } = await setUp(async (messages, send) => {
      if (refusals-- <= 0) return send(messages);
      const failures = messages.flatMap((message, index) =>
        message.to === "full" ? [{ index, messageId: message.properties.messageId, error: unavailable() }] : [],
      );
      await send(messages.filter(({ to }) => to !== "full"));
      if (failures.length > 0) throw new PublishError(failures, messages.length);
    });
    await observer.declare({ queues: [{ name: "free" }, { name: "full" }] });
    const first = app.task("first", { ack: "early" }, () => void (plays.now = true));
    const next = app.task("next", () => {});
    const on = (queue: string) => next.si().set({ queue });
    await app.worker({ queues: ["default"] }).start();
    await chain(first.s(), group([on("free"), on("full")])).delay();
    await until(async () => (await waiting("ready", "full")).length > 0);
    await clock.advance(30_000);
    expect([(await waiting("ready", "free")).length, (await waiting("ready", "full")).length]).toEqual([1, 1]);
  });

  test.each([
    ["PUBLISH_UNCERTAIN", () => new PublishUncertainError("the answer was lost")],
    ["PUBLISH_TIMEOUT", () => new PublishTimeoutError("no answer")],
  ])("runs its retry once, though nobody knows whether it was accepted (%s)", async (_, error) => {
    const { app, clock, plays, lines } = await setUp(async (messages, send) => {
      plays.now = false;
      await send(messages);
      throw error();
    });
    const runs: number[] = [];
    const options = { bind: true, ack: "early", retryFor: true, maxRetries: 1, retryBackoff: "1s" } as const;
    const task = app.task("task", options, (self) => {
      runs.push(self.retries);
      plays.now = self.retries === 0;
      throw new Error("boom");
    });
    await app.worker().start();
    await task.delay();
    await clock.advance(60_000);
    expect(runs).toEqual([0, 1]);
    expect(lines("warn")).toContain(
      "What follows a task that was acknowledged early may be lost; it is not sent again.",
    );
  });

  test("becomes one dead letter, once the broker is back", async () => {
    let refusals = 3;
    const { app, clock, plays, until, dead } = await setUp((messages, send) =>
      refusals-- > 0 ? Promise.reject(unavailable()) : send(messages),
    );
    const task = app.task("task", { ack: "early" }, () => {
      plays.now = true;
      throw new Error("boom");
    });
    await app.worker().start();
    await task.delay();
    await until(async () => (await dead()).length === 1);
    await clock.advance(30_000);
    expect([refusals < 0, (await dead()).length]).toEqual([true, 1]);
  });
});
