import { systemClock } from "@lovage/foundation";
import { sqliteBackend } from "../index.ts";

// A program of a test: does what its arguments say, each step after a line on its standard input, and prints JSON lines.
const [path = "", role = "", ...rest] = process.argv.slice(2);
const backend = await sqliteBackend({ path });
const { results, joins, coordination, schedules } = backend;
if (!results || !joins || !coordination || !schedules) throw new Error("The SQLite backend lacks a part.");
const expiresInMs = 3_600_000;

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const roles: Record<string, (...args: string[]) => Promise<void>> = {
  put: async (...taskIds) => {
    for (const taskId of taskIds) {
      const document = String(systemClock.now());
      await results.put([{ taskId, state: "SUCCESS", document, fence: [0, 1], expiresInMs }]);
    }
    print({ put: taskIds.length });
  },
  flood: async (prefix = "") => {
    for (let index = 0; ; index += 1) {
      await results.put([{ taskId: `${prefix}${index}`, state: "SUCCESS", document: "1", fence: [0, 1], expiresInMs }]);
      print(index);
    }
  },
  arrive: async (joinId = "", memberId = "", index = "0") => {
    print(await joins.arrive({ joinId, memberId, index: Number(index), payload: memberId }));
  },
  hold: async (name = "", holder = "", leaseMs = "1000") => {
    print(await coordination.acquire({ name, holder, leaseMs: Number(leaseMs) }));
  },
  claim: async (owner = "", count = "1") => {
    const owners: string[] = [];
    for (let index = 0; index < Number(count); index += 1) {
      owners.push((await coordination.claimKey({ key: `key-${index}`, owner, expiresInMs })).owner);
    }
    print(owners);
  },
  record: async (scheduleId = "", count = "1") => {
    const won: number[] = [];
    for (let instantMs = 0; instantMs < Number(count); instantMs += 1) {
      if (await schedules.recordRun({ scheduleId, instantMs, expiresInMs })) won.push(instantMs);
    }
    print(won);
  },
};

print("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
await roles[role]?.(...rest);
// Whoever wants this program to crash kills it while it waits here.
await new Promise((resolve) => process.stdin.once("end", resolve));
await backend.close();
