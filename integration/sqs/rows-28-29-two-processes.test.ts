import { expect, it } from "vitest";
import { judge } from "../ledger/verdict.ts";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { SqsGateway } from "./sqs-gateway.ts";
import { sqsOfRun } from "./sqs-of-run.ts";
import { TwoWorkers } from "./two-workers.ts";

const count = 120;
const endMs = 180_000;

describeOwnServer(
  sqsOfRun.service,
  (start) => {
    it("row 28: what SQS hands out to two processes runs once", { timeout: 300_000 }, async () => {
      await using server = await start();
      await using gateway = await SqsGateway.open(server.port);
      await using two = await TwoWorkers.start(`${gateway.url}?lease=15s`);
      gateway.set({ doubled: 0.3 });
      const wait = two.client.remote<(ms: number) => void>("load.wait");
      const results = await wait.applyMany(Array.from({ length: count }, () => [300]));
      const isDone = async (): Promise<boolean> => {
        const ends = await Promise.all(results.map((result) => result.successful()));
        return ends.every(Boolean);
      };
      await eventually(isDone, { what: "all tasks done", withinMs: endMs, describe: () => two.logs() });
      gateway.set({});
      const isEmpty = async (): Promise<boolean> => {
        const { ready, delayed = 0, unsettled = 0 } = await two.client.queue("default").stats();
        return ready + delayed + unsettled === 0;
      };
      // The copies come round again, and find that all has been done.
      await eventually(isEmpty, { what: "an empty queue", withinMs: endMs, describe: () => two.logs() });
      expect(gateway.doubles).toBeGreaterThan(0);
      const entries = two.ledger.read();
      expect(new Set(entries.map(({ pid }) => pid)).size).toBe(2);
      expect(judge(entries)).toMatchObject({ doubled: 0, overlapping: [] });
      expect(entries.filter(({ kind }) => kind === "finished")).toHaveLength(count);
    });

    it(
      "row 28: a long task that SQS hands out to a second process runs on in the first",
      { timeout: 120_000 },
      async () => {
        await using server = await start();
        await using gateway = await SqsGateway.open(server.port);
        await using two = await TwoWorkers.start(`${gateway.url}?lease=6s`);
        gateway.set({ doubled: 1 });
        const wait = two.client.remote<(ms: number) => void>("load.wait");
        const result = await wait.delay(12_000);
        const isDoubled = (): boolean => gateway.doubles > 0;
        await eventually(isDoubled, { what: "a double", withinMs: 60_000, describe: () => two.logs() });
        gateway.set({});
        await result.get({ timeout: "90s" });
        expect(two.ledger.read().map(({ kind }) => kind)).toEqual(["started", "finished"]);
      },
    );

    it("row 29: a task of many leases stays with its process", { timeout: 120_000 }, async () => {
      await using server = await start();
      await using two = await TwoWorkers.start(`sqs://test:test@127.0.0.1:${server.port}?lease=3s`);
      const wait = two.client.remote<(ms: number) => void>("load.wait");
      const result = await wait.delay(12_000);
      await result.get({ timeout: "90s" });
      const entries = two.ledger.read();
      expect(entries.map(({ kind }) => kind)).toEqual(["started", "finished"]);
    });
  },
  sqsOfRun.rungs,
);
