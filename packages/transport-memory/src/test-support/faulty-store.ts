import type {
  BindingStore,
  Claim,
  ClaimRequest,
  Lease,
  LeaseStore,
  RoutedMessage,
  Settlement,
  StoreEvents,
  StoreFacts,
  SweepOutcome,
  SweepRequest,
  Unrenewed,
} from "@lovage/lease-engine";
import type { Broadcast, QueueAdmin, QueueDeclaration } from "@lovage/transport";
import { TransportUnavailableError } from "@lovage/transport";

/** A store whose process can be stopped and whose link can be cut. */
export class FaultyStore implements LeaseStore {
  #inner: LeaseStore;
  readonly #make: () => LeaseStore;
  #events: StoreEvents | undefined;
  #thawed: PromiseWithResolvers<void> | undefined;
  #isCut = false;

  constructor(make: () => LeaseStore) {
    this.#make = make;
    this.#inner = make();
  }

  get facts(): StoreFacts {
    return this.#inner.facts;
  }

  get admin(): QueueAdmin {
    return forwardTo(() => this.#inner.admin) as QueueAdmin;
  }

  get bindings(): BindingStore {
    return forwardTo(() => this.#inner.bindings ?? {}) as BindingStore;
  }

  get broadcast(): Broadcast {
    return forwardTo(() => this.#inner.broadcast ?? {}) as Broadcast;
  }

  freeze(): void {
    this.#thawed ??= Promise.withResolvers<void>();
  }

  thaw(): void {
    this.#thawed?.resolve();
    this.#thawed = undefined;
  }

  /** Breaks the link; the next `open` goes to the store that `make` gives then. */
  async cut(): Promise<void> {
    this.#isCut = true;
    await this.#inner.close();
    this.#inner = this.#make();
    this.#events?.lost(new TransportUnavailableError("The link was cut."));
  }

  async open(events: StoreEvents): Promise<void> {
    this.#events = events;
    await this.#thawed?.promise;
    await this.#inner.open({
      wake: (queue) => {
        if (this.#thawed === undefined) events.wake(queue);
      },
      deliver: (queue, messages, leasedAtMs) => events.deliver(queue, messages, leasedAtMs),
      lost: (cause) => events.lost(cause),
    });
    this.#isCut = false;
  }

  declare(queues: readonly QueueDeclaration[]): Promise<void> {
    return this.#pass(() => this.#inner.declare(queues));
  }

  publish(messages: readonly RoutedMessage[], transaction?: unknown): Promise<void> {
    return this.#pass(() => this.#inner.publish(messages, transaction));
  }

  claim(request: ClaimRequest): Promise<Claim> {
    return this.#pass(() => this.#inner.claim(request));
  }

  extend(queue: string, leases: readonly Lease[], leaseMs: number): Promise<Unrenewed | null> {
    return this.#pass(() => this.#inner.extend(queue, leases, leaseMs));
  }

  settle(queue: string, settlements: readonly Settlement[]): Promise<readonly Lease[] | null> {
    return this.#pass(() => this.#inner.settle(queue, settlements));
  }

  sweep(request: SweepRequest): Promise<SweepOutcome> {
    return this.#pass(() => this.#inner.sweep(request));
  }

  async close(): Promise<void> {
    await this.#thawed?.promise;
    await this.#inner.close();
  }

  async #pass<T>(call: () => Promise<T>): Promise<T> {
    await this.#thawed?.promise;
    if (this.#isCut) throw new TransportUnavailableError("The link is cut.");
    return await call();
  }
}

/** An object whose methods are those of whatever `target` gives when they are called. */
function forwardTo(target: () => object): object {
  return new Proxy(
    {},
    {
      get: (_, name) => {
        const inner = target();
        const method: unknown = Reflect.get(inner, name);
        return typeof method === "function" ? (method.bind(inner) as unknown) : method;
      },
    },
  );
}
