import { setTimeout as pause } from "node:timers/promises";
import type { Broker } from "../brokers/broker.ts";
import { LedgerTail } from "../ledger/ledger-tail.ts";
import { eventually } from "../processes/eventually.ts";
import { disturbances } from "./disturbances.ts";
import type { Disturbance } from "./disturbances.ts";
import { SoakBook } from "./soak-book.ts";
import { SoakProducer } from "./soak-producer.ts";
import { SoakSamples } from "./soak-samples.ts";
import { SoakSite } from "./soak-site.ts";
import type { Trend } from "./trend.ts";

/** What is asked of a soak. */
export interface SoakPlan {
  readonly broker: Broker;
  readonly durationMs: number;
  readonly everyMs: number;
  /** Gives numbers from 0 to below 1. */
  readonly random: () => number;
  readonly report: (line: string) => void;
}

/** What it found. */
export interface SoakOutcome {
  readonly accepted: number;
  readonly lost: readonly string[];
  readonly doubled: number;
  readonly interrupted: number;
  readonly interruptedLimit: number;
  /** The most that may run again though they had ended: their end was not recorded when they were disturbed. */
  readonly unrecordedLimit: number;
  /** Tasks that were alone in a worker when it was killed for the third time. */
  readonly poisoned: number;
  /** How often each happened. */
  readonly disturbed: ReadonlyMap<string, number>;
  readonly refusals: ReadonlyMap<string, number>;
  readonly trends: readonly Trend[];
}

const sampleMs = 5_000;
const drainMs = 90_000;

/** Disturbs a busy system for as long as asked, then looks what became of it. */
export async function runSoak(plan: SoakPlan): Promise<SoakOutcome> {
  await using site = await SoakSite.open(plan.broker);
  const producer = new SoakProducer(site);
  const book = new SoakBook();
  const tail = new LedgerTail(site.ledger);
  const samples = new SoakSamples();
  const done = await disturb(plan, site, async () => {
    book.add(tail.next());
    await samples.take(site);
    return `${book.accepted} accepted, ${book.open.length} open, ${book.doubled} run twice`;
  });
  await producer.stop();
  const isDrained = (): boolean => {
    book.add(tail.next());
    return book.open.length === 0;
  };
  // Dead letters never finish; those are looked for afterwards.
  await eventually(isDrained, { what: "the end of all tasks", withinMs: drainMs }).catch(() => false);
  const dead = await producer.app.queue("default").dead.list({ limit: 1_000 });
  const poisoned = new Set(dead.map(({ taskId }) => taskId ?? ""));
  await producer.app.close();
  return {
    accepted: book.accepted,
    lost: book.open.filter((taskId) => !poisoned.has(taskId)),
    doubled: book.doubled,
    interrupted: book.interrupted,
    interruptedLimit: sumOf(done, ({ interrupts }) => interrupts),
    unrecordedLimit: sumOf(done, ({ forgets }) => forgets),
    poisoned: poisoned.size,
    disturbed: countByName(done),
    refusals: producer.refusals,
    trends: samples.trends(),
  };
}

/** Brings about one disturbance after the other, and looks at everything in between. */
async function disturb(plan: SoakPlan, site: SoakSite, look: () => Promise<string>): Promise<readonly Disturbance[]> {
  const { durationMs, everyMs, random, report } = plan;
  const possible = disturbances.filter((each) => each.isPossible(site));
  const done: Disturbance[] = [];
  const startedAtMs = Date.now();
  for (let nextMs = everyMs; Date.now() - startedAtMs < durationMs;) {
    const passedMs = Date.now() - startedAtMs;
    const counts = await look();
    if (passedMs >= nextMs) {
      nextMs += everyMs;
      const chosen = possible[Math.floor(random() * possible.length)];
      if (chosen === undefined) throw new Error(`Nothing can be disturbed on ${plan.broker.name}.`);
      report(`${Math.round(passedMs / 1_000)} s: ${counts}; ${chosen.name}`);
      await chosen.bringAbout(site);
      done.push(chosen);
    } else {
      await pause(Math.min(sampleMs, nextMs - passedMs));
    }
  }
  return done;
}

function sumOf(done: readonly Disturbance[], read: (disturbance: Disturbance) => number): number {
  return done.reduce((sum, each) => sum + read(each), 0);
}

function countByName(done: readonly Disturbance[]): ReadonlyMap<string, number> {
  return new Map([...Map.groupBy(done, ({ name }) => name)].map(([name, each]) => [name, each.length]));
}
