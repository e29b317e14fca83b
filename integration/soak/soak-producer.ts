import { setTimeout as pause } from "node:timers/promises";
import { createApp } from "lovage";
import type { App } from "lovage";
import { silentLog } from "@lovage/foundation";
import { LedgerWriter } from "../ledger/ledger-writer.ts";
import { codeOf } from "../scene/code-of.ts";
import type { SoakSite } from "./soak-site.ts";

const everyMs = 200;
const batch = 20;
const longestTaskMs = 300;
/** What a task takes on average. */
export const meanTaskMs = longestTaskMs / 2;
/** What a producer may be told while its broker is disturbed: nothing was written, or nobody knows. */
const honest = new Set([
  "TRANSPORT_UNAVAILABLE",
  "TRANSPORT_BUSY",
  "PUBLISH_UNCERTAIN",
  "PUBLISH_TIMEOUT",
  "PUBLISH_FAILED",
]);

/** Sends a hundred calls a second, some of them delayed, and writes down what was accepted. */
export class SoakProducer {
  readonly app: App;
  /** How often which error was told. */
  readonly refusals = new Map<string, number>();
  readonly #ledger: LedgerWriter;
  readonly #ended = new AbortController();
  readonly #sending: Promise<void>;

  constructor(site: SoakSite) {
    const { broker, backend } = site.place;
    this.app = createApp({ name: "soak", broker, backend, log: silentLog, from: import.meta.filename });
    this.#ledger = new LedgerWriter(site.ledger);
    this.#sending = this.#send();
  }

  /** Sends no more. Rejects with what went wrong beyond a broker that was away. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#sending;
    this.#ledger.close();
  }

  async #send(): Promise<void> {
    const wait = this.app.remote<(ms: number) => void>("load.wait");
    while (!this.#ended.signal.aborted) {
      const calls = Array.from({ length: batch }, (): [number] => [Math.floor(Math.random() * longestTaskMs)]);
      const delay = Math.random() < 0.2 ? { countdown: Math.floor(Math.random() * 3_000) } : {};
      try {
        const results = await wait.applyMany(calls, delay);
        this.#ledger.write(...results.map(({ id }) => ({ kind: "accepted", taskId: id }) as const));
      } catch (error) {
        const code = codeOf(error);
        if (!honest.has(code)) throw error;
        this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      }
      await pause(everyMs);
    }
  }
}
