import { randomUUID } from "node:crypto";
import type { Backend, Coordination, Joins, Results, Schedules } from "@lovage/backend";
import type { BackendHarness } from "@lovage/conformance";
import { backendHarness, testBackend } from "@lovage/conformance";
import { expect, it } from "vitest";
import { backend as driver } from "./index.ts";

// A kit is worth trusting when it fails backends that break a promise: each is the one in memory with one fault.

type Parts = Required<Pick<Backend, "results" | "joins" | "coordination" | "schedules">>;
interface Fault {
  readonly name: string;
  /** Part of the name of a case that must fail. */
  readonly caughtBy: string;
  readonly results?: (sound: Results) => Partial<Results>;
  readonly joins?: (sound: Joins) => Partial<Joins>;
  readonly coordination?: (sound: Coordination) => Partial<Coordination>;
  readonly schedules?: (sound: Schedules) => Partial<Schedules>;
  readonly backend?: (sound: Backend) => Partial<Backend>;
}

const faults: readonly Fault[] = [
  {
    name: "stores whatever comes last",
    caughtBy: "a record of an older delivery is stale",
    results: (sound) => ({
      put: async (puts) => {
        await sound.forget(puts.map(({ taskId }) => taskId));
        return await sound.put(puts);
      },
    }),
  },
  {
    name: "compares deliveries before attempts",
    caughtBy: "the attempt is compared before the delivery",
    results: (sound) => ({
      put: (puts) => sound.put(puts.map((put) => ({ ...put, fence: put.fence && [put.fence[1], put.fence[0]] }))),
    }),
  },
  {
    name: "answers in the order in which records are kept",
    caughtBy: "records come in the order of the ids",
    results: (sound) => ({ get: async (ids) => await sound.get(ids.toSorted()) }),
  },
  {
    name: "tells changes only, not what is there",
    caughtBy: "a watch tells the record that is there already",
    results: (sound) => ({
      watch: async (ids, listener) => {
        let isBegun = false;
        const watch = await sound.watch(ids, (record) => void (isBegun && listener(record)));
        await Promise.resolve();
        isBegun = true;
        return watch;
      },
    }),
  },
  {
    name: "tells what is there only, not changes",
    caughtBy: "a watch tells a record that comes later",
    results: (sound) => ({
      watch: async (ids, listener) => {
        const watch = await sound.watch(ids, listener);
        await Promise.resolve();
        watch.close();
        return watch;
      },
    }),
  },
  {
    name: "goes on telling after a watch is closed",
    caughtBy: "takes the other nothing",
    results: (sound) => ({
      watch: async (ids, listener) => {
        await sound.watch(ids, listener);
        return { close: () => {} };
      },
    }),
  },
  {
    name: "lists revocations of forgotten tasks, in the order of ids",
    caughtBy: "listed in the order in which they were revoked",
    results: (sound) => ({
      revocations: async (options) => {
        const page = await sound.revocations(options);
        return { ...page, taskIds: page.taskIds.toSorted() };
      },
    }),
  },
  {
    name: "never lets results expire",
    caughtBy: "an expired result is not seen",
    results: (sound) => ({ put: (puts) => sound.put(puts.map((put) => ({ ...put, expiresInMs: 1e9 }))) }),
  },
  {
    name: "stores documents of any size",
    caughtBy: "one byte more is refused",
    results: (sound) => ({
      put: (puts) => sound.put(puts.map((put) => ({ ...put, document: put.document.slice(0, 99) }))),
    }),
  },
  {
    name: "counts a member as often as it arrives",
    caughtBy: "a member that arrives again changes nothing",
    joins: (sound) => ({ arrive: (arrival) => sound.arrive({ ...arrival, memberId: randomUUID() }) }),
  },
  {
    name: "tells the completing member once",
    caughtBy: "is told so at every repetition",
    joins: (sound) => {
      const told = new Set<string>();
      return {
        arrive: async (arrival) => {
          const progress = await sound.arrive(arrival);
          const completes = progress.completes && !told.has(arrival.joinId);
          if (completes) told.add(arrival.joinId);
          return { ...progress, completes };
        },
      };
    },
  },
  {
    name: "grants every lock under the same fence",
    caughtBy: "a fence is larger than all granted before",
    coordination: (sound) => ({
      acquire: async (request) => {
        const hold = await sound.acquire(request);
        return hold.granted ? { granted: true, fence: 1 } : hold;
      },
    }),
  },
  {
    name: "grants one place too many",
    caughtBy: "a name has as many places as its limit says",
    coordination: (sound) => ({ acquire: (request) => sound.acquire({ ...request, limit: (request.limit ?? 1) + 1 }) }),
  },
  {
    name: "keeps no order among those who wait",
    caughtBy: "who waits is served in order",
    coordination: (sound) => ({ acquire: (request) => sound.acquire({ ...request, waitMs: 0 }) }),
  },
  {
    name: "gives a turn without spending it",
    caughtBy: "coordination is what a small reference says",
    coordination: (sound) => ({ reserve: (request) => sound.reserve({ ...request, cost: 0 }) }),
  },
  {
    name: "lets anybody free a key",
    caughtBy: "a key is freed by its owner and by nobody else",
    coordination: (sound) => ({
      releaseKey: async (key) => {
        const { owner } = await sound.claimKey({ key, owner: "thief", expiresInMs: 1 });
        await sound.releaseKey(key, owner);
      },
    }),
  },
  {
    name: "records every run as the first",
    caughtBy: "an instant is recorded once",
    schedules: (sound) => ({
      recordRun: async (run) => {
        await sound.recordRun(run);
        return true;
      },
    }),
  },
  {
    name: "changes a schedule whatever its version",
    caughtBy: "a change for another version changes nothing",
    schedules: (sound) => ({ upsert: ({ scheduleId, document }) => sound.upsert({ scheduleId, document }) }),
  },
  {
    name: "cannot be closed twice",
    caughtBy: "closing again",
    backend: (sound) => {
      let isClosed = false;
      return {
        close: async () => {
          if (isClosed) throw new Error("closed already");
          isClosed = true;
          await sound.close();
        },
      };
    },
  },
  {
    name: "works on after it was closed",
    caughtBy: "every method of a closed backend rejects",
    results: (sound) => ({ forget: (ids) => sound.forget(ids).catch(() => {}) }),
  },
];

it("a sound backend passes every case", async () => {
  expect(await failuresOf({ name: "none", caughtBy: "" })).toEqual([]);
});

it.each(faults)("a backend that $name fails the case that says so", async (fault) => {
  expect(await failuresOf(fault)).toContainEqual(expect.stringContaining(fault.caughtBy));
});

/** Runs the kit under a runner of three lines and gives the names of the cases that failed. */
async function failuresOf(fault: Fault): Promise<string[]> {
  const cases: [string, () => Promise<void>][] = [];
  const context = { skip: (): void => {} };
  testBackend({
    name: fault.name,
    runner: {
      describe: (_name, body) => body(),
      it: (name, body) => void cases.push([name, () => body(context)]),
    },
    make: () => brokenHarness(fault),
    model: { runs: 20 },
    patienceMs: 100,
  });
  const ends = await Promise.allSettled(cases.map(([, run]) => run()));
  return cases.flatMap(([name], index) => (ends[index]?.status === "rejected" ? [name] : []));
}

async function brokenHarness(fault: Fault): Promise<BackendHarness> {
  const harness = await backendHarness({ driver, url: `memory://${randomUUID()}`, time: "process" });
  return { ...harness, open: async () => withFault(await harness.open(), fault) };
}

function withFault(sound: Backend, fault: Fault): Backend {
  const { results, joins, coordination, schedules } = sound as Parts;
  return {
    capabilities: sound.capabilities,
    sweep: () => sound.sweep(),
    close: () => sound.close(),
    results: over(results, fault.results?.(results)),
    joins: over(joins, fault.joins?.(joins)),
    coordination: over(coordination, fault.coordination?.(coordination)),
    schedules: over(schedules, fault.schedules?.(schedules)),
    ...fault.backend?.(sound),
  };
}

/** The part with some methods replaced; the others go on to the sound one. */
function over<Part extends object>(sound: Part, broken: Partial<Part> = {}): Part {
  return Object.assign(Object.create(bound(sound)) as Part, broken);
}

/** Methods of a class use private fields: they must be called on their own object. */
function bound<Part extends object>(sound: Part): Part {
  return new Proxy(sound, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
