import { ConfigurationError, errorText, isLovageError } from "@lovage/foundation";

import { ClusterSlots } from "./cluster-slots.ts";
import { NodeConnection } from "./node-connection.ts";
import type { RedisArgument, RedisCommand } from "./redis-command.ts";
import { readRedirection, type Redirection } from "./redirection.ts";
import { RedisError } from "./redis-error.ts";
import { hostsOf, type RedisHost } from "./redis-url.ts";
import type { RedisWire, WireOpening } from "./redis-wire.ts";

/** A slot that moves answers neither here nor there; what waits longer is told that it moves. */
const movingMs = 2_000;
const retryMs = 50;
/** One after the other, without a wait in between. */
const maxRedirections = 5;
const askSlots = { command: "CLUSTER", args: ["SLOTS"] } as const;

/**
 * The nodes of a Redis Cluster. ioredis' own Cluster repeats what was under way when a connection ended, which could publish a message twice, and
 * subscribes again without a word, which could miss one. Here the end of any connection is the end of the wire; only what a node says it has not
 * carried out is sent on.
 */
export class ClusterWire implements RedisWire {
  readonly #opening: WireOpening;
  readonly #nodes = new Map<string, Promise<NodeConnection>>();
  /** Those of them that are connected. The end of one is the end of the wire, so that none is taken out. */
  readonly #open = new Set<NodeConnection>();
  #slots: ClusterSlots;
  #isClosed = false;

  private constructor(opening: WireOpening, slots: ClusterSlots) {
    this.#opening = opening;
    this.#slots = slots;
  }

  /** Asks the hosts of the target which nodes there are; the first that answers counts. @throws RedisError, ConfigurationError */
  static async open(opening: WireOpening): Promise<ClusterWire> {
    const { hosts } = opening.target;
    const asked = await Promise.any(hosts.map((node) => askForSlots(node, opening))).catch(mostTelling);
    const wire = new ClusterWire(opening, asked);
    // One that is away is sought when it is needed: it may have nothing of what is asked for here.
    const opened = await Promise.allSettled(asked.primaries.map((primary) => wire.#node(primary)));
    if (opened.some(({ status }) => status === "fulfilled")) return wire;
    wire.close();
    throw new RedisError(notServed(...hosts), { kind: "unavailable" });
  }

  async send(command: RedisCommand): Promise<unknown> {
    const { key } = command;
    const endsAtMs = this.#opening.clock.monotonic() + movingMs;
    let isAsking: RedisHost | undefined;
    for (let redirections = 0; ;) {
      const address: RedisHost = isAsking ?? this.#addressOf(key);
      try {
        const node = await this.#node(address);
        if (isAsking !== undefined) return await node.sendAsking(command);
        return await node.send(command);
      } catch (error) {
        const redirection = readRedirection(error, address);
        if (redirection === undefined || this.#isClosed) throw error;
        redirections = redirection.kind === "again" ? 0 : redirections + 1;
        const isLate = this.#opening.clock.monotonic() >= endsAtMs;
        if (isLate || redirections > maxRedirections) throw inMotion(error, address);
        isAsking = await this.#follow(redirection, key);
      }
    }
  }

  async sendToAll(command: string, args: readonly RedisArgument[]): Promise<readonly unknown[]> {
    return Promise.all([...this.#nodes.values()].map(async (node) => (await node).send({ command, args })));
  }

  async ping(): Promise<void> {
    await Promise.all([...this.#open].map((node) => node.send({ command: "PING", args: [] })));
  }

  async openSubscriber(): Promise<NodeConnection> {
    // What is published on one node is heard on all of them.
    const { target, clock, name, onEnd, signal } = this.#opening;
    return NodeConnection.open({ target, clock, node: this.#addressOf(undefined), name, onEnd, signal });
  }

  close(): void {
    this.#isClosed = true;
    for (const node of this.#nodes.values()) closeWhenOpen(node);
  }

  #addressOf(key: string | undefined): RedisHost {
    const { primaries } = this.#slots;
    const anyone = primaries.find((node) => this.#nodes.has(hostsOf({ hosts: [node] }))) ?? primaries[0];
    const address = key === undefined ? anyone : this.#slots.ownerOf(key);
    if (address !== undefined) return address;
    throw new RedisError(notServed(...this.#opening.target.hosts), { kind: "unavailable" });
  }

  /** The connection to a node, made when it is needed. One that cannot be made hints that another node has its place. */
  #node(node: RedisHost): Promise<NodeConnection> {
    const address = hostsOf({ hosts: [node] });
    const known = this.#nodes.get(address);
    if (known !== undefined) return known;
    const { target, clock, name, onEnd, signal } = this.#opening;
    const opened = NodeConnection.open({ target, clock, node, name, onEnd, signal });
    this.#nodes.set(address, opened);
    opened.then(
      (open) => this.#open.add(open),
      async () => {
        this.#nodes.delete(address);
        await this.#learn();
      },
    );
    if (this.#isClosed) closeWhenOpen(opened);
    return opened;
  }

  /** Learns anew which node holds which slot, if any tells. */
  async #learn(): Promise<void> {
    for (const node of this.#slots.primaries) {
      const open = this.#nodes.get(hostsOf({ hosts: [node] }));
      if (open === undefined || this.#isClosed) continue;
      try {
        this.#slots = new ClusterSlots(await (await open).send(askSlots), node);
        return;
      } catch (error) {
        this.#opening.log.debug("A node of the cluster does not tell who holds what.", { error: String(error) });
      }
    }
  }

  /** Gives the node to ask for this once. */
  async #follow(redirection: Redirection, key: string | undefined): Promise<RedisHost | undefined> {
    if (redirection.kind === "ask") return redirection.to;
    if (redirection.kind === "again") await this.#opening.clock.sleep(retryMs);
    else if (key !== undefined) this.#slots.move(key, redirection.to);
    return undefined;
  }
}

async function askForSlots(node: RedisHost, { target, clock, name, signal }: WireOpening): Promise<ClusterSlots> {
  const seed = await NodeConnection.open({ target, clock, node, name, onEnd: () => {}, signal });
  try {
    return new ClusterSlots(await seed.send(askSlots), node);
  } catch (error) {
    if (!(error instanceof Error) || !/cluster support disabled/i.test(error.message)) throw error;
    throw new ConfigurationError(
      `Redis at ${hostsOf({ hosts: [node] })} is not part of a cluster: remove cluster=true, or name nodes of one.`,
    );
  } finally {
    seed.close();
  }
}

/** Of the reasons of several nodes the one that no repetition mends. */
function mostTelling(all: unknown): never {
  const reasons: readonly unknown[] = all instanceof AggregateError ? all.errors : [all];
  throw reasons.find((reason) => !isLovageError(reason) || !reason.retryable) ?? reasons[0];
}

function closeWhenOpen(node: Promise<NodeConnection>): void {
  node.then(
    (open) => open.close(),
    // It never was open.
    () => {},
  );
}

function notServed(...hosts: readonly [RedisHost, ...RedisHost[]]): string {
  return `The Redis Cluster of ${hostsOf({ hosts })} does not serve all slots now.`;
}

function inMotion(error: unknown, node: RedisHost): RedisError {
  const text = errorText(error);
  return new RedisError(
    `The Redis Cluster of ${hostsOf({ hosts: [node] })} is moving a slot (${text}); it is tried again.`,
    {
      kind: "moving",
      cause: error,
    },
  );
}
