import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

/** How long and for what to wait. */
export interface EventuallyOptions {
  /** What is waited for, in words, for the error. */
  readonly what: string;
  /** On an idle machine; `LOVAGE_TEST_PATIENCE` times as long is waited. */
  readonly withinMs: number;
  /** Between two looks. More than the default where looking starts a program: `rabbitmqctl` keeps a processor busy for most of a second. @default 20 */
  readonly everyMs?: number;
  /** How things stand, for the error. */
  readonly describe?: () => string;
}

const pollMs = 20;
/** Waits end what hangs; machines that others use too want more of it. */
const patience = Number(process.env["LOVAGE_TEST_PATIENCE"] ?? 1);

/**
 * Waits until something is so, looking again and again.
 * @returns the first value that is neither `undefined` nor `false`
 */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { what, withinMs: idleMs, everyMs = pollMs, describe }: EventuallyOptions,
): Promise<T> {
  const withinMs = idleMs * patience;
  const endsAtMs = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > endsAtMs) {
      throw new Error(`Within ${withinMs} ms there was not: ${what}. ${describe?.() ?? ""}`);
    }
    await pause(everyMs);
  }
}
