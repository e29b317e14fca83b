import { test } from "vitest";
import type { Broker } from "../brokers/broker.ts";
import { brokers } from "../brokers/brokers.ts";
import { Scene } from "./scene.ts";

/** How a scenario differs from others. */
export interface FaultOptions {
  /** @default 120 000 */
  readonly timeoutMs?: number;
  /** The one broker that it is about. @default all to which its row applies */
  readonly only?: Broker;
}

/**
 * A scenario of the fault matrix, written once and run against every broker to which its row applies.
 * @param row Number of the row.
 * @param title What happens, and what must come of it.
 */
export function fault(
  row: number,
  title: string,
  body: (scene: Scene) => Promise<void>,
  { timeoutMs = 120_000, only }: FaultOptions = {},
): void {
  for (const broker of only === undefined ? brokers : [only]) {
    if (broker.exemptions[row] !== undefined) continue;
    // oxlint-disable-next-line vitest/expect-expect -- what it expects is in its body
    test(
      `row ${row}: ${title} (${broker.name})`,
      async ({ skip }) => {
        await using scene = new Scene(broker, skip);
        await body(scene);
      },
      timeoutMs,
    );
  }
}
