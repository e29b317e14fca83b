import { ChangeMessageVisibilityBatchCommand, SendMessageBatchCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { silentLog, virtualClock, type Log, type VirtualClock } from "@lovage/foundation";
import { describe, expect, it } from "vitest";

import { readArrival } from "../message/arrival.ts";
import { LeaseTable, type Held } from "../leases/lease-table.ts";
import { QueueDirectory } from "../queues/queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";
import type { SqsContext } from "../sqs-context.ts";
import { Suspects } from "./suspects.ts";

const leaseMs = 30_000;

/** Takes all that it is sent; counts the copies. While it is broken, it does nothing. */
class TakingApi extends SqsApi {
  copies = 0;
  /** Of the copies, in seconds. */
  readonly delays: number[] = [];
  isBroken = false;
  /** How long it takes for that. */
  sendMs = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    super({ endpoint: "http://localhost" }, clock);
    this.#clock = clock;
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const answer = async (command: unknown): Promise<object> => {
      if (!(command instanceof SendMessageBatchCommand || command instanceof ChangeMessageVisibilityBatchCommand))
        return {};
      const { Entries = [] } = command.input;
      if (this.isBroken)
        return { Failed: Entries.map(({ Id }) => ({ Id, Code: "InvalidMessage", SenderFault: true })) };
      if (!(command instanceof SendMessageBatchCommand)) return {};
      if (this.sendMs > 0) await this.#clock.sleep(this.sendMs);
      this.copies += Entries.length;
      this.delays.push(...command.input.Entries!.map(({ DelaySeconds = 0 }) => DelaySeconds));
      return {};
    };
    return await send({ send: answer } as unknown as SQSClient, { abortSignal: this.closing });
  }
}

interface SuspectsBench {
  readonly clock: VirtualClock;
  readonly api: TakingApi;
  readonly suspects: Suspects;
  readonly warnings: readonly string[];
  /** SQS hands out a message that was lost twice. */
  arrive(): void;
  /** Time passes, with a sweep every five seconds. */
  pass(ms: number): Promise<void>;
}

function suspectsBench(): SuspectsBench {
  const clock = virtualClock();
  const api = new TakingApi(clock);
  const table = new LeaseTable();
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (text) => void warnings.push(text) };
  const directory = new QueueDirectory({ api, prefix: "", creates: false, predefined: { q: "http://localhost/q" } });
  const context: SqsContext = { api, clock, log, directory, table, claims: undefined };
  const suspects = new Suspects({ context, queue: "q", leaseMs });
  let received = 0;
  const arrive = (): void => {
    received += 1;
    const given = {
      MessageId: `copy-${received}`,
      ReceiptHandle: `handle-${received}`,
      Attributes: { ApproximateReceiveCount: "3" },
    };
    const held: Held = table.add("q", readArrival("q", given, clock.monotonic()), clock.monotonic() + leaseMs);
    expect(suspects.sortOut([held])).toEqual([]);
  };
  const pass = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 5_000) {
      await clock.advance(5_000);
      await suspects.sweep();
    }
  };
  return { clock, api, suspects, warnings, arrive, pass };
}

describe("a suspect that waits for its worker to be empty", () => {
  it("goes back after a minute, for another worker to have a go", async () => {
    const { api, suspects, arrive, pass } = suspectsBench();
    arrive();
    await pass(55_000);
    expect([suspects.wait, api.copies]).toEqual([true, 0]);
    await pass(5_000);
    expect([suspects.wait, api.copies]).toEqual([false, 1]);
  });

  it("is kept for longer each time it comes again, so that it is here when long tasks have ended", async () => {
    const { suspects, arrive, pass } = suspectsBench();
    arrive();
    await pass(60_000);
    arrive();
    await pass(100_000);
    expect(await suspects.take()).toBeDefined();
  });

  it("is kept for half an hour at most, and for a minute again once one was run", async () => {
    const { suspects, arrive, pass } = suspectsBench();
    for (let round = 0; round < 10; round += 1) {
      arrive();
      await pass(1_800_000);
      expect(suspects.wait).toBe(false);
    }
    arrive();
    await pass(1_700_000);
    expect(await suspects.take()).toBeDefined();
    arrive();
    await pass(60_000);
    expect(suspects.wait).toBe(false);
  });

  it("is one of few that are kept: very many go back, for others and for later", async () => {
    const { api, clock, suspects, arrive } = suspectsBench();
    for (let received = 0; received < 500; received += 1) arrive();
    await clock.advance(0);
    expect([suspects.wait, api.copies]).toEqual([true, 490]);
    expect(Math.min(...api.delays)).toBeGreaterThan(10);
    api.sendMs = 1_000;
    arrive();
    const closed = suspects.close().then(() => api.copies);
    await clock.advance(1_000);
    expect(await closed).toBe(501);
  });

  it("keeps its lease while those that wait beside it go back slowly, before it runs", async () => {
    const { api, clock, suspects, arrive, pass } = suspectsBench();
    arrive();
    arrive();
    await pass(15_000);
    api.sendMs = 27_500;
    const taken = suspects.take().then((held) => (held?.endsAtMs ?? 0) - clock.monotonic());
    await clock.advance(leaseMs);
    expect(await taken).toBeGreaterThanOrEqual(leaseMs / 3);
    expect(api.copies).toBe(1);
  });

  it("is told of when it cannot be kept hidden, and keeps no other queue from being looked after", async () => {
    const { api, warnings, arrive, pass } = suspectsBench();
    api.isBroken = true;
    arrive();
    await pass(15_000);
    expect(warnings).toContainEqual(expect.stringContaining('queue "q"'));
  });

  it("is told of when it cannot be given back, since its wait counts as a loss then", async () => {
    const { api, suspects, warnings, arrive } = suspectsBench();
    api.isBroken = true;
    arrive();
    await suspects.close();
    expect(warnings).toEqual([expect.stringContaining('queue "q"')]);
  });
});
