import type { CaseContext, TestRunner } from "../runner.ts";
import type { BackendCase } from "./backend-case.ts";
import { runCase } from "./backend-case.ts";
import type { BackendHarness } from "./backend-harness.ts";
import { concerns } from "./cases.ts";
import { coordinationModel } from "./coordination-model.ts";
import type { BackendModelOptions } from "./model-run.ts";
import { modelRun } from "./model-run.ts";
import { resultsModel } from "./results-model.ts";

/** What {@link testBackend} tests, and with what. */
export interface TestBackendOptions {
  /** Name of the backend, for the group of cases. */
  readonly name: string;
  /** The test runner's functions. */
  readonly runner: Pick<TestRunner, "describe" | "it">;
  /** Makes a store for one case, usually by `backendHarness`. */
  readonly make: () => Promise<BackendHarness>;
  /**
   * Runs all cases besides this many times at once: those in which no time passes on one store, over four backends.
   * @default 0: do not
   */
  readonly stress?: number;
  /** The runs of the model-based tests. */
  readonly model?: BackendModelOptions;
  /**
   * How long a case may take, in milliseconds.
   * @default 30_000
   */
  readonly caseTimeoutMs?: number;
  /**
   * How long a case waits for what must come by itself, such as a call of a listener, in milliseconds.
   * @default 10_000
   */
  readonly patienceMs?: number;
}

const stressPatience = 4;

/** Registers the contract of backends as cases of a test runner. A case that does not apply is named, with the reason. */
export function testBackend(options: TestBackendOptions): void {
  const { name, runner, make, stress = 0, caseTimeoutMs = 30_000, patienceMs = 10_000 } = options;
  const { describe, it } = runner;
  describe(`backend ${name}`, () => {
    for (const { concern, cases } of concerns) {
      describe(concern, () => {
        for (const each of cases) {
          it(each.name, (context) => runAlone(each, { make, patienceMs, context }), caseTimeoutMs);
        }
      });
    }
    describe("model", () => {
      const longMs = caseTimeoutMs * stressPatience;
      const run = { make, ...options.model };
      it(resultsModel.name, (context) => modelRun(resultsModel, { ...run, context }), longMs);
      it(coordinationModel.name, (context) => modelRun(coordinationModel, { ...run, context }), longMs);
    });
    if (stress > 0) {
      it(
        `all cases hold ${stress} times at once`,
        () => runAtOnce(stress, { make, patienceMs }),
        caseTimeoutMs * stressPatience,
      );
    }
  });
}

interface Running {
  readonly make: () => Promise<BackendHarness>;
  readonly patienceMs: number;
}

async function runAlone(each: BackendCase, running: Running & { readonly context: CaseContext }): Promise<void> {
  const { make, patienceMs, context } = running;
  const harness = await make();
  let reason: string | undefined;
  try {
    reason = await runCase(each, harness, patienceMs);
  } finally {
    await harness.dispose();
  }
  if (reason !== undefined) context.skip(reason);
}

async function runAtOnce(times: number, { make, patienceMs }: Running): Promise<void> {
  const shared = await make();
  try {
    const rounds = Array.from({ length: times }, () => concerns.flatMap(({ cases }) => cases)).flat();
    const ends = await Promise.allSettled(
      rounds.map(async (each) => {
        if (each.passesTime !== true) return await runCase(each, shared, patienceMs);
        const own = await make();
        try {
          return await runCase(each, own, patienceMs);
        } finally {
          await own.dispose();
        }
      }),
    );
    const failed = ends.flatMap((end, index) =>
      end.status === "rejected" ? [new Error(rounds[index]?.name, { cause: end.reason })] : [],
    );
    if (failed.length > 0) throw new AggregateError(failed, `${failed.length} of ${rounds.length} cases failed.`);
  } finally {
    await shared.dispose();
  }
}
