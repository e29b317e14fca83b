import { BackendUnavailableError } from "@lovage/backend";
import type { Backend } from "@lovage/backend";
import { memoryBackend } from "@lovage/backend-memory";
import { virtualClock } from "@lovage/foundation";
import type { Clock, VirtualClock } from "@lovage/foundation";
import { memoryTransport } from "@lovage/transport-memory";
import type { Connection } from "@lovage/transport";
import type { App } from "../../app/app.ts";
import type { AppOptions } from "../../app/app-options.ts";
import { createApp } from "../../app/create-app.ts";
import { recordedLog } from "../../test-support/recorded-log.ts";
import type { RecordedLog } from "../../test-support/recorded-log.ts";

/** Apps that share a broker and a backend in memory, as processes would. */
export interface BeatHarness extends AsyncDisposable {
  readonly clock: VirtualClock;
  readonly log: RecordedLog;
  readonly broker: Connection;
  readonly backend: Backend;
  /** An app of its own. */
  join(options?: JoinOptions): App;
}

/** How an app joins. */
interface JoinOptions extends Omit<AppOptions, "broker" | "backend" | "clock" | "log"> {
  /** Stands between the app and the backend. */
  readonly wrapBackend?: (backend: Backend) => Backend;
  /** Stands between the app and the broker. */
  readonly wrapBroker?: (broker: Connection) => Connection;
  /** That of the app's machine. @default the one of all */
  readonly clock?: Clock;
}

/** @param start The time at which it begins. */
export async function beatHarness(start = "2026-01-01T00:00:00Z"): Promise<BeatHarness> {
  const clock = virtualClock({ nowMs: Date.parse(start) });
  const log = recordedLog();
  const broker = await memoryTransport({ clock, sweep: "1d" });
  const backend = memoryBackend({ clock });
  const apps: App[] = [];
  return {
    clock,
    log,
    broker,
    backend,
    join: ({ wrapBackend = unchanged, wrapBroker = unchanged, clock: own = clock, ...options } = {}) => {
      const app = createApp({
        name: "test",
        ...options,
        broker: wrapBroker(broker),
        backend: wrapBackend(backend),
        clock: own,
        log,
      });
      apps.push(app);
      return app;
    },
    [Symbol.asyncDispose]: async () => {
      // Time goes on: a beat whose backend is dead ends when its grace is over.
      const closing = Promise.all(apps.map((app) => app.close()));
      await clock.advance(60_000);
      await closing;
      await broker.close();
      await backend.close();
    },
  };
}

function unchanged<T>(same: T): T {
  return same;
}

/** A backend that can be made to answer nothing more (to the program behind it, the end of its process), or to be away. */
export interface MortalBackend {
  readonly backend: Backend;
  /** From the next call of this method on, none is answered; that one does not reach the store. */
  dieAt(method: string): void;
  /** While it is away, every call fails. */
  setAway(isAway: boolean): void;
}

/** Makes a {@link MortalBackend}. */
export function mortalBackend(inner: Backend): MortalBackend {
  let state: "here" | "away" | "dead" = "here";
  let deadly: string | undefined;
  const call = (name: string | symbol, work: () => unknown): unknown => {
    if (name === deadly) state = "dead";
    if (state === "dead") return new Promise(() => {});
    return state === "away" ? Promise.reject(new BackendUnavailableError("The store is away.")) : work();
  };
  const wrap = (part: object): object =>
    new Proxy(part, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...args: readonly unknown[]): unknown =>
          call(name, () => Reflect.apply(value, target, args) as unknown);
      },
    });
  const { capabilities, results, joins, coordination, schedules } = inner;
  const parts = Object.entries({ results, joins, coordination, schedules });
  const wrapped = Object.fromEntries(parts.map(([name, part]) => [name, part && wrap(part)]));
  const backend = { capabilities, ...wrapped, sweep: () => inner.sweep(), close: async () => {} };
  return {
    backend,
    dieAt: (method) => (deadly = method),
    setAway: (isAway) => (state = isAway ? "away" : "here"),
  };
}
