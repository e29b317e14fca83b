import process from "node:process";
import * as fc from "fast-check";
import type { TestRunner } from "../../runner.ts";
import type { TransportHarness } from "../harness.ts";
import { Pace } from "../pace.ts";
import { Scene } from "../scene.ts";
import { type Step, stepArbitraries } from "./commands.ts";
import { ModelSystem } from "./model-system.ts";
import { ReferenceQueue } from "./reference-queue.ts";

/** What {@link testTransportModel} is told. */
export interface TransportModelOptions {
  /** The functions of your test runner. */
  readonly runner: Pick<TestRunner, "describe" | "it">;
  /** The transport's name, for titles. */
  readonly name: string;
  /** Makes a broker to test against; called once a run. */
  readonly make: () => Promise<TransportHarness>;
  /** How many random sequences of commands to run. @default 100 */
  readonly runs?: number;
  /** Longest sequence. @default 40 */
  readonly maxCommands?: number;
  /** Repeats a run. @default environment variable LOVAGE_SEED, else fast-check's global seed, else a random one; a failure prints it */
  readonly seed?: number;
  /** fast-check's `path` of a failure, to repeat that one case alone. */
  readonly path?: string;
  /** Tells the first failure as it is, without the time that shrinking takes. @default false */
  readonly endOnFailure?: boolean;
  /** Outer bound, in ms. @default 120_000 */
  readonly timeoutMs?: number;
}

/**
 * Runs random sequences of commands (publish, delay, consume, settle in every way, crash, expire, restart, purge, replay …) on the transport
 * and on a small reference that knows the promises, and compares. A failure is shrunk, and told with its seed and path.
 */
export function testTransportModel(options: TransportModelOptions): void {
  const { runner, name, timeoutMs = 120_000 } = options;
  runner.describe(`transport ${name}, model`, () => {
    runner.it("does what the reference does, whatever the commands", () => checkModel(options), timeoutMs);
  });
}

/** The test itself, without a runner. */
export async function checkModel(options: Omit<TransportModelOptions, "runner" | "name">): Promise<void> {
  const { make, runs = 100, maxCommands = 40, endOnFailure = false, path } = options;
  const steps = stepArbitraries(await controlsOf(make));
  const commands = fc.commands(steps, { maxCommands, size: "max" });
  const property = fc.asyncProperty(commands, (sequence) => runOnce(make, sequence));
  const seed = options.seed ?? seedOfEnvironment();
  await fc.assert(property, {
    numRuns: runs,
    endOnFailure,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  });
}

async function controlsOf(make: () => Promise<TransportHarness>): Promise<{ crash: boolean; restart: boolean }> {
  const harness = await make();
  const { controls = {} } = harness;
  const connection = await harness.open();
  const { durability, recovery } = connection.capabilities;
  await connection.close();
  await harness.close();
  // Where deliveries die with their connection, a restart loses what is held: that is another model.
  const restart = controls.restart !== undefined && durability !== "none" && recovery === "lease";
  return { crash: controls.crash !== undefined || controls.freeze !== undefined, restart };
}

async function runOnce(make: () => Promise<TransportHarness>, sequence: Iterable<Step>): Promise<void> {
  const harness = await make();
  try {
    await new Pace(harness.clock).during(async () => {
      const scene = new Scene(harness, await harness.open());
      try {
        const { countsLosses, order } = scene.capabilities;
        const model = new ReferenceQueue({ countsLosses, order, toleranceMs: scene.toleranceMs });
        const system = new ModelSystem(scene, await scene.queue(), model);
        await fc.asyncModelRun(() => ({ model: {}, real: system }), sequence);
        await system.drain();
      } finally {
        await scene.dispose();
      }
    });
  } finally {
    await harness.close();
  }
}

function seedOfEnvironment(): number | undefined {
  const given = Number.parseInt(process.env["LOVAGE_SEED"] ?? "", 10);
  return Number.isSafeInteger(given) ? given : undefined;
}
