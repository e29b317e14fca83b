import type { TestRunner } from "../runner.ts";
import { checkExactlyOnce, type Load } from "./cases/parallel.ts";
import { concerns } from "./concerns.ts";
import type { TransportHarness } from "./harness.ts";
import { Pace } from "./pace.ts";
import { runCase, type Stage } from "./run-case.ts";
import { titleOf } from "./title-of.ts";
import type { TransportCase } from "./transport-case.ts";

/** What {@link stressTransport} is told. */
export interface TransportStressOptions {
  /** The functions of your test runner. */
  readonly runner: Pick<TestRunner, "describe" | "it">;
  /** The transport's name, for titles. */
  readonly name: string;
  /** Makes a broker to test against; called once a test. */
  readonly make: () => Promise<TransportHarness>;
  /** How many times the whole suite runs on the one broker. @default 3 */
  readonly rounds?: number;
  /** How many cases run at once. @default 8 */
  readonly parallel?: number;
  /** The load for the test that counts every settlement. @default 8 producers of 500 messages, 8 consumers */
  readonly load?: Load;
  /** As of `testTransport`. */
  readonly except?: Readonly<Record<string, string>>;
  /** Outer bound of each test, in ms. @default 600_000 */
  readonly timeoutMs?: number;
}

/**
 * Runs all cases several times in parallel on one broker (but those that disturb the others), and a load of many producers and consumers of
 * which every message must be settled exactly once. A failure names the cases.
 */
export function stressTransport(options: TransportStressOptions): void {
  const { runner, name, make, load = { producers: 8, consumers: 8, each: 500 }, timeoutMs = 600_000 } = options;
  runner.describe(`transport ${name}, stress`, () => {
    runner.it("keeps every promise while all cases run at once on one broker", () => runAllAtOnce(options), timeoutMs);
    runner.it(
      `settles each of ${load.producers * load.each} messages exactly once`,
      () => onOneBroker(make, async (stage) => await runOne(stage, { run: (scene) => checkExactlyOnce(scene, load) })),
      timeoutMs,
    );
  });
}

async function runAllAtOnce({ make, rounds = 3, parallel = 8, except = {} }: TransportStressOptions): Promise<void> {
  const once = concerns.flatMap((concern) =>
    concern.cases
      .filter((each) => isPeaceful(each) && except[titleOf(concern, each)] === undefined)
      .map((each) => ({ concern: concern.name, each })),
  );
  const waiting = Array.from({ length: rounds }, () => once).flat();
  const failures: Error[] = [];
  await onOneBroker(make, async (stage) => {
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const title = `${next.concern}: ${next.each.name}`;
        await runCase(next.each, stage).catch((cause: unknown) => failures.push(new Error(title, { cause })));
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
  });
  if (failures.length > 0) {
    const titles = failures.map(({ message, cause }) => `  ${message}: ${String(cause)}`);
    throw new AggregateError(failures, `${failures.length} cases failed under stress.\n${titles.join("\n")}`);
  }
}

function isPeaceful({ disturbs }: TransportCase): boolean {
  return disturbs !== true;
}

async function runOne(stage: Stage, testCase: Pick<TransportCase, "run">): Promise<void> {
  await runCase({ name: "load", ...testCase }, stage);
}

async function onOneBroker(
  make: () => Promise<TransportHarness>,
  work: (stage: Stage) => Promise<void>,
): Promise<void> {
  const harness = await make();
  try {
    await work({ harness, pace: new Pace(harness.clock) });
  } finally {
    await harness.close();
  }
}
