import { setTimeout as sleep } from "node:timers/promises";
import { machineClockMs } from "../machine-clock.ts";
import type { PeerProducer } from "../peers/peer.ts";

const patienceMs = 10_000;
const lookEveryMs = 20;

/** Nothing is measured that was not done. Brokers may count late. @throws Error when the queue does not come to hold this number of jobs */
export async function checkDepth(producer: PeerProducer, expected: number): Promise<void> {
  const untilMs = machineClockMs() + patienceMs;
  for (;;) {
    const depth = await producer.depth();
    if (depth === expected) return;
    if (machineClockMs() > untilMs) throw new Error(`The queue holds ${depth} jobs; ${expected} were expected.`);
    await sleep(lookEveryMs);
  }
}
