import { setTimeout as pause } from "node:timers/promises";
import type { Child } from "../processes/child.ts";
import { pace } from "../scene/pace.ts";
import type { OwnServer } from "../services/service.ts";
import type { SoakSite } from "./soak-site.ts";
import { meanTaskMs } from "./soak-producer.ts";
import { concurrency } from "./soak-site.ts";

/** Something that goes wrong. */
export interface Disturbance {
  readonly name: string;
  /** How many running tasks it may interrupt at most. */
  readonly interrupts: number;
  /** Of how many tasks it may forget the end at most, so that they run again. */
  readonly forgets: number;
  /** Whether it can be brought about there. */
  isPossible(site: SoakSite): boolean;
  /** Brings it about and makes it good again. */
  bringAbout(site: SoakSite): Promise<void>;
}

const awayMs = 2_000;
const allTasks = 4 * concurrency;
/** A worker that sizes its prefetch itself holds about a second of work, here of tasks of 150 ms; twice as much is more than it ever holds. */
const held = Math.ceil((2 * 1_000 * concurrency) / meanTaskMs);
const allHeld = 4 * held;
const always = (): boolean => true;
const hasServer = ({ server }: SoakSite): boolean => server !== undefined;

/** All that a soak chooses from. */
export const disturbances: readonly Disturbance[] = [
  {
    name: "worker killed",
    interrupts: concurrency,
    forgets: held,
    isPossible: always,
    bringAbout: async (site) => {
      await takeWorker(site).kill();
      await site.addWorker();
    },
  },
  {
    name: "worker stopped",
    interrupts: 0,
    forgets: 0,
    isPossible: always,
    bringAbout: async (site) => {
      const worker = takeWorker(site);
      worker.signal("SIGTERM");
      const { code } = await worker.waitForEnd(60_000);
      if (code !== 0)
        throw new Error(`A worker that was asked to stop ended with ${code}.\n${worker.log.slice(-2_000)}`);
      await site.addWorker();
    },
  },
  {
    name: "worker frozen for two leases",
    interrupts: concurrency,
    forgets: held,
    isPossible: always,
    bringAbout: async (site) => {
      const worker = takeWorker(site);
      worker.signal("SIGSTOP");
      await pause(2 * pace.leaseMs);
      worker.signal("SIGCONT");
      site.crew.push(worker);
    },
  },
  {
    name: "broker killed for two seconds",
    interrupts: allTasks,
    forgets: allHeld,
    isPossible: hasServer,
    bringAbout: onServer(async (server) => {
      await server.kill();
      await pause(awayMs);
      await server.start();
    }),
  },
  {
    name: "broker frozen for two seconds",
    interrupts: allTasks,
    forgets: allHeld,
    isPossible: hasServer,
    bringAbout: onServer(async (server) => {
      await server.pause();
      await pause(awayMs);
      await server.resume();
    }),
  },
  {
    name: "connections dropped",
    interrupts: allTasks,
    forgets: allHeld,
    // SQS is asked over HTTP.
    isPossible: ({ server }) => server !== undefined && server.name !== "sqs",
    bringAbout: onServer(async (server) => await server.dropClients()),
  },
  {
    name: "broker locked for two seconds",
    interrupts: allTasks,
    forgets: allHeld,
    isPossible: ({ broker }) => broker.whileAway !== undefined,
    bringAbout: async ({ broker, directory }) => await broker.whileAway?.(directory, () => pause(awayMs)),
  },
];

/** The oldest worker that may be killed. */
function takeWorker({ crew }: SoakSite): Child {
  const worker = crew.shift();
  if (worker === undefined) throw new Error("There is no worker to disturb.");
  return worker;
}

function onServer(act: (server: OwnServer) => Promise<void>): Disturbance["bringAbout"] {
  return async ({ server }) => {
    if (server !== undefined) await act(server);
  };
}
