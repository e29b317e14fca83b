import type { Backend, BackendDriver } from "@lovage/backend";
import type { Clock } from "@lovage/foundation";
import { silentLog, systemClock, validate } from "@lovage/foundation";
import { storeClock } from "./store-clock.ts";

/** One store, empty or at least without records of this case, for one case. */
export interface BackendHarness {
  /** Opens one more backend on the store, as another process would. The case closes it. */
  open(): Promise<Backend>;
  /** Lets the store's time pass: moves the clock on, or waits where the store has a clock of its own. */
  advance(ms: number): Promise<void>;
  /** Removes the store. Called once, after all backends are closed. */
  dispose(): Promise<void>;
}

/** How {@link backendHarness} opens a driver. */
export interface BackendHarnessOptions<Options> {
  readonly driver: BackendDriver<Options>;
  /** The URL of the store, which is this case's alone or is shared with others: ids are unique to a case. */
  readonly url: string;
  /** What stands beside the URL. */
  readonly options?: Record<string, unknown>;
  /** Whose clock dates the records: that of the process, or the store's own. */
  readonly time: "process" | "store";
  /** Removes the store. @default nothing to remove */
  readonly dispose?: () => Promise<void>;
}

/** The harness of a driver that is opened by its URL. */
export async function backendHarness<Options>(options: BackendHarnessOptions<Options>): Promise<BackendHarness> {
  const { driver, url, time, dispose = async () => {} } = options;
  const checked = await validate(driver.options, options.options ?? {});
  if (checked.issues !== undefined) throw new Error(`The driver refuses its options: ${checked.issues.join("; ")}.`);
  const moved = storeClock();
  const clock: Clock = time === "process" ? moved : systemClock;
  return {
    open: () => driver.open({ url, options: checked.value, clock, log: silentLog, name: "conformance" }),
    advance: async (ms) => (time === "process" ? moved.advance(ms) : await clock.sleep(ms)),
    dispose,
  };
}
