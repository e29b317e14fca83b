import type { RegisterCase, TestRunner } from "../runner.ts";
import { concerns } from "./concerns.ts";
import type { TransportHarness } from "./harness.ts";
import { Pace } from "./pace.ts";
import { runCase } from "./run-case.ts";
import { checkExceptions, titleOf } from "./title-of.ts";
import type { TransportCase } from "./transport-case.ts";
import { writeNotRun } from "./write-not-run.ts";

/** What {@link testTransport} is told. */
export interface TransportSuiteOptions {
  /** The functions of your test runner: `{ afterAll, describe, it }`. */
  readonly runner: TestRunner;
  /** The transport's name, for titles and tables. */
  readonly name: string;
  /** Makes a broker to test against, or a place of its own on one that all share; called once a case. */
  readonly make: () => Promise<TransportHarness>;
  /**
   * Runs cases beside each other where the runner can, but for those that restart the broker or cut connections. Saves most of the time of a
   * transport that waits for real leases.
   * @default false
   */
  readonly concurrent?: boolean;
  /** Outer bound of one case, in ms. @default 60_000 */
  readonly caseTimeoutMs?: number;
  /**
   * Cases that the broker cannot pass, by `concern: name`, each with the reason, which is told in the list of what was not run. Only for what no
   * capability says.
   */
  readonly except?: Readonly<Record<string, string>>;
  /** Where the list of the cases that were not run goes, with the reasons. @default standard output */
  readonly report?: (text: string) => void;
}

/**
 * Registers the delivery contract as cases with the test runner, grouped by concern. What a transport cannot do, by its
 * capabilities, and what its harness cannot bring about is not run; each such case is listed with its reason.
 */
export function testTransport(options: TransportSuiteOptions): void {
  const { runner, name, report, except = {} } = options;
  checkExceptions(except);
  const { describe, it, afterAll } = runner;
  // A case that disturbs others runs alone, so that one broker may serve them all.
  const registerOf = ({ disturbs = false }: TransportCase): RegisterCase =>
    options.concurrent === true && !disturbs ? (it.concurrent ?? it) : it;
  const notRun = new Map<string, string>();
  describe(`transport ${name}`, () => {
    for (const concern of concerns) {
      describe(concern.name, () => {
        for (const testCase of concern.cases) {
          const excepted = except[titleOf(concern, testCase)];
          const body = async (): Promise<string | undefined> =>
            excepted ?? (await runOnFreshBroker(testCase, options.make));
          registerOf(testCase)(
            testCase.name,
            async (context) => {
              const reason = await body();
              if (reason === undefined) return;
              notRun.set(titleOf(concern, testCase), reason);
              context.skip(reason);
            },
            options.caseTimeoutMs ?? 60_000,
          );
        }
      });
    }
    afterAll(async () => writeNotRun(name, notRun, report), 1_000);
  });
}

/** Runs one case on a broker of its own. */
export async function runOnFreshBroker(
  testCase: TransportCase,
  make: () => Promise<TransportHarness>,
): Promise<string | undefined> {
  const harness = await make();
  try {
    return await runCase(testCase, { harness, pace: new Pace(harness.clock) });
  } finally {
    await harness.close();
  }
}
