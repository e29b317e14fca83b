import { Freezer } from "@lovage/conformance";
import { systemClock } from "@lovage/foundation";
import type { Clock } from "@lovage/foundation";

type AnyCall = (...args: unknown[]) => unknown;

/** Where something stops. */
export interface CrashPlace {
  /** Number of the call, from 1. `Infinity`: nowhere, it only counts. */
  readonly call: number;
  /** Whether the call has its effect. Its answer is not heard in either case. */
  readonly when: "before" | "after";
}

/** Parts of a connection or a backend whose calls count as its own. */
const parts = new Set<string | symbol>(["admin", "broadcast", "results", "joins", "coordination", "schedules"]);
/** These answer at once, and reach no store by themselves. */
const immediate = new Set<string | symbol>(["setPrefetch", "close"]);

/**
 * Stops an app at one of the calls that it makes on its broker and its backend, as the end of its process would there: from then on nothing of it
 * reaches a store, no timer fires and nothing is told to it.
 *
 * | state | calls, callbacks, timers | left by |
 * |---|---|---|
 * | running | go through | the call, `thaw` |
 * | halted | wait | `thaw`: as a process that was only stopped, which comes back to find that others have done its work |
 * | over | go through | never: nothing stops after `thaw` |
 */
export class CrashPoint {
  readonly #place: CrashPlace;
  readonly #freezer = new Freezer(systemClock);
  readonly #reached = Promise.withResolvers<void>();
  readonly #onEnd: () => void;
  #calls = 0;
  #thawed: PromiseWithResolvers<void> | undefined;
  #isOver = false;

  /** @param onEnd Ends what the end of a process ends besides, such as its connections, once the call has had its effect or is not to have it. */
  constructor(place: CrashPlace, onEnd: () => void = () => {}) {
    this.#place = place;
    this.#onEnd = onEnd;
  }

  /** The clock of the app and of what it has opened. */
  get clock(): Clock {
    return this.#freezer.clock;
  }

  /** How many calls were made so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Resolves when the app has stopped. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  thaw(): void {
    this.#isOver = true;
    this.#thawed?.resolve();
    this.#thawed = undefined;
    this.#freezer.thaw();
  }

  /** A connection or a backend whose calls are counted. */
  wrap<T extends object>(target: T): T {
    return new Proxy(target, {
      get: (_, name): unknown => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value === "function") {
          const call = value.bind(target) as AnyCall;
          return immediate.has(name) ? call : (...args: unknown[]) => this.#call(call, args);
        }
        return parts.has(name) && typeof value === "object" && value !== null ? this.wrap(value) : value;
      },
    });
  }

  async #call(call: AnyCall, args: readonly unknown[]): Promise<unknown> {
    const given = args.map((arg) => this.#holdCallbacks(arg));
    const stops = this.#count() ? this.#place.when : undefined;
    if (stops !== undefined) this.#halt();
    if (stops === "before") this.#end();
    if (stops !== "after") await this.#thawed?.promise;
    const [outcome] = await Promise.allSettled([call(...given)]);
    // Not sooner: to have its effect a call may need the clock.
    if (stops === "after") this.#end();
    await this.#thawed?.promise;
    if (outcome.status === "rejected") throw outcome.reason;
    return this.#wrapIfAlive(outcome.value);
  }

  /** Whether it is the call to stop at. */
  #count(): boolean {
    if (this.#isOver || this.#thawed !== undefined) return false;
    this.#calls += 1;
    return this.#calls === this.#place.call;
  }

  #halt(): void {
    this.#thawed = Promise.withResolvers<void>();
  }

  /** A call that takes long may have its effect after `thaw` only. */
  #end(): void {
    if (this.#isOver) return;
    this.#freezer.freeze();
    this.#onEnd();
    this.#reached.resolve();
  }

  /** Listeners, and the functions among the options of a call. */
  #holdCallbacks(arg: unknown): unknown {
    if (typeof arg === "function") return this.#holdCallback(arg as AnyCall);
    if (typeof arg !== "object" || arg === null || Object.getPrototypeOf(arg) !== Object.prototype) return arg;
    return Object.fromEntries(
      Object.entries(arg).map(([name, value]) => [
        name,
        typeof value === "function" ? this.#holdCallback(value as AnyCall) : (value as unknown),
      ]),
    );
  }

  #holdCallback(callback: AnyCall): AnyCall {
    const afterThaw = async (args: readonly unknown[]): Promise<void> => {
      await this.#thawed?.promise;
      callback(...args);
    };
    return (...args) => {
      const wrapped = args.map((arg) => this.#wrapIfAlive(arg));
      return this.#thawed === undefined ? callback(...wrapped) : void afterThaw(wrapped);
    };
  }

  /** Deliveries and consumers make calls themselves. */
  #wrapIfAlive(value: unknown): unknown {
    const isAlive = typeof value === "object" && value !== null && ("ack" in value || "setPrefetch" in value);
    return isAlive ? this.wrap(value) : value;
  }
}
