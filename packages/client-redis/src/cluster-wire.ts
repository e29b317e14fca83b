import { ConfigurationError, errorText, isLovageError, SingleFlight, within } from "@lovage/foundation";

import { addressOf, away, ClusterNodes, isAway, laggardMs } from "./cluster-nodes.ts";
import { ClusterSlots } from "./cluster-slots.ts";
import { NodeConnection } from "./node-connection.ts";
import type { RedisArgument, RedisCommand } from "./redis-command.ts";
import { readRedirection, type Redirection } from "./redirection.ts";
import { isPutOffReply, isReply, RedisError, toRedisError } from "./redis-error.ts";
import { hostsOf, type RedisHost } from "./redis-url.ts";
import type { RedisWire, WireOpening } from "./redis-wire.ts";

/** A slot that moves answers neither here nor there; what waits longer is told that it moves. */
const movingMs = 2_000;
const retryMs = 50;
/** One after the other, without a wait in between. */
const maxRedirections = 5;
/** For so long nobody asks again who holds which slot, however many calls find a node away. */
const freshMs = 500;
const askSlots = { command: "CLUSTER", args: ["SLOTS"] } as const;

/**
 * The nodes of a Redis Cluster. ioredis' own Cluster repeats what was under way when a connection ended, which could publish a message twice, and
 * subscribes again without a word, which could miss one. Here the end of any connection is the end of the wire; only what a node says it has not
 * carried out is sent on. A node that is away keeps nobody from the others; once what it had is served again the wire ends, since it may have been forgotten, and what
 * was asked for meanwhile was not done.
 */
export class ClusterWire implements RedisWire {
  readonly #opening: WireOpening;
  readonly #nodes: ClusterNodes;
  readonly #learning = new SingleFlight(() => this.#askWhoHoldsWhat());
  #learntAtMs = -Infinity;
  /** Nodes that calls have found away, each with a key that it had then; without a name for a key that no node had. */
  readonly #missed = new Map<string, string>();
  #slots: ClusterSlots;
  #isClosed = false;

  private constructor(opening: WireOpening, slots: ClusterSlots) {
    this.#opening = opening;
    this.#nodes = new ClusterNodes(opening);
    this.#slots = slots;
  }

  /** Asks the hosts of the target which nodes there are; the first that answers counts. @throws RedisError, ConfigurationError */
  static async open(opening: WireOpening): Promise<ClusterWire> {
    const { hosts } = opening.target;
    const asked = await Promise.any(hosts.map((node) => askForSlots(node, opening))).catch(mostTelling);
    const wire = new ClusterWire(opening, asked);
    const sought = asked.primaries.map((primary) => wire.#nodes.connect(primary));
    try {
      await Promise.any(sought);
    } catch (error) {
      wire.close();
      throw new RedisError(notServed(...hosts), { kind: "unavailable", cause: error });
    }
    // One that is away is sought on: it may have nothing of what is asked for here.
    await within(opening.clock, laggardMs, Promise.allSettled(sought));
    return wire;
  }

  async send(command: RedisCommand): Promise<unknown> {
    const { key } = command;
    const endsAtMs = this.#opening.clock.monotonic() + movingMs;
    let isAsking: RedisHost | undefined;
    for (let redirections = 0; ;) {
      const address: RedisHost = isAsking ?? this.#ownerOf(key) ?? (await this.#lateOwnerOf(key));
      try {
        return await this.#sendTo(address, command, isAsking !== undefined);
      } catch (error) {
        const redirection = readRedirection(error, address) ?? (await this.#findHeir(error, { of: address, key }));
        if (redirection === undefined || this.#isClosed) throw error;
        redirections = redirection.kind === "again" ? 0 : redirections + 1;
        const isLate = this.#opening.clock.monotonic() >= endsAtMs;
        if (isLate || redirections > maxRedirections) throw isAway(error) ? error : inMotion(error, address);
        isAsking = await this.#follow(redirection, key);
      }
    }
  }

  async sendToAll(command: string, args: readonly RedisArgument[]): Promise<readonly unknown[]> {
    const sent = this.#nodes.open.map((node) => node.send({ command, args }));
    const answers = await Promise.allSettled(sent);
    // One that is loading, say, is no more reached than one that is away.
    const serving = sent.filter((_, place) => !isPutOff(answers[place]));
    return await Promise.all(serving.length > 0 ? serving : sent);
  }

  async ping(): Promise<void> {
    if (this.#missed.size > 0) void this.#seekMissed();
    // What one node refuses is an answer, and says nothing about the others.
    await Promise.allSettled(this.#nodes.open.map((node) => node.ping()));
  }

  dropSilent(): void {
    for (const node of this.#nodes.open) node.dropSilent();
  }

  async openSubscriber(): Promise<NodeConnection> {
    // What is published on one node is heard on all of them.
    const { target, clock, name, onEnd, signal } = this.#opening;
    const node = this.#ownerOf(undefined) ?? (await this.#lateOwnerOf(undefined));
    return NodeConnection.open({ target, clock, node, name, onEnd, signal });
  }

  close(): void {
    this.#isClosed = true;
    this.#nodes.close();
  }

  async #sendTo(address: RedisHost, command: RedisCommand, isAsking: boolean): Promise<unknown> {
    const node = this.#nodes.opened(address) ?? (await this.#nodes.reach(address));
    try {
      return await (isAsking ? node.sendAsking(command) : node.send(command));
    } catch (error) {
      throw isPutOffReply(error) ? away(toRedisError(error, addressOf(address))) : error;
    }
  }

  /** Who is to be asked for a key; any node, for a command without one. */
  #ownerOf(key: string | undefined): RedisHost | undefined {
    return key === undefined ? (this.#serving()[0] ?? this.#slots.primaries[0]) : this.#slots.ownerOf(key);
  }

  /** As {@link #ownerOf}, when nobody is known. */
  async #lateOwnerOf(key: string | undefined): Promise<RedisHost> {
    await this.#learn();
    const owner = this.#ownerOf(key);
    if (owner !== undefined) return owner;
    if (key !== undefined) this.#missed.set("", key);
    throw new RedisError(notServed(...this.#opening.target.hosts), { kind: "away" });
  }

  /** The primaries that are connected, those first that have refused nothing. */
  #serving(): readonly RedisHost[] {
    const isMissed = (node: RedisHost): number => Number(this.#missed.has(addressOf(node)));
    const open = this.#slots.primaries.filter((node) => this.#nodes.opened(node) !== undefined);
    return open.toSorted((one, other) => isMissed(one) - isMissed(other));
  }

  /** Another node may have taken over what one that is away had. */
  async #findHeir(error: unknown, { of, key }: Seat): Promise<Redirection | undefined> {
    if (!isAway(error) || key === undefined || this.#isClosed) return undefined;
    await this.#learn();
    const to = this.#slots.ownerOf(key);
    if (to !== undefined && addressOf(to) !== addressOf(of)) return { kind: "moved", to };
    this.#missed.set(addressOf(of), key);
    return undefined;
  }

  /** Learns anew which node holds which slot, if any tells: once for all that need it at the time. */
  async #learn(): Promise<void> {
    const { clock } = this.#opening;
    if (clock.monotonic() - this.#learntAtMs < freshMs) return;
    await within(clock, laggardMs, this.#learning.run());
  }

  async #askWhoHoldsWhat(): Promise<void> {
    const { clock, log } = this.#opening;
    for (const node of this.#serving()) {
      const open = this.#nodes.opened(node);
      if (open === undefined || this.#isClosed) continue;
      const askedAtMs = clock.monotonic();
      try {
        this.#slots = new ClusterSlots(await open.send(askSlots), node);
        this.#learntAtMs = askedAtMs;
        return;
      } catch (error) {
        log.debug("A node of the cluster does not tell who holds what.", { error: String(error) });
      }
    }
  }

  /** Nobody else may send anything for those that are away. Never rejects. */
  async #seekMissed(): Promise<void> {
    await this.#learn();
    for (const [address, key] of this.#missed) void this.#seek(address, key);
  }

  /** Ends the wire when what was asked for at a node that was away is served: there, or by another node. */
  async #seek(address: string, key: string): Promise<void> {
    const owner = this.#slots.ownerOf(key);
    if (owner === undefined || this.#isClosed) return;
    if (addressOf(owner) !== address || (await this.#serves(owner, key))) this.#opening.onEnd(servedAgain(address));
  }

  async #serves(owner: RedisHost, key: string): Promise<boolean> {
    try {
      const node = await this.#nodes.connect(owner);
      await node.send({ command: "EXISTS", args: [key] });
      return true;
    } catch (error) {
      // What it refuses, a right that is missing say, is an answer.
      return isReply(error) && !isPutOffReply(error);
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

/** Who holds a key. */
interface Seat {
  readonly of: RedisHost;
  readonly key: string | undefined;
}

async function askForSlots(node: RedisHost, { target, clock, name, signal }: WireOpening): Promise<ClusterSlots> {
  const seed = await NodeConnection.open({ target, clock, node, name, onEnd: () => {}, signal });
  try {
    return new ClusterSlots(await seed.send(askSlots), node);
  } catch (error) {
    if (!(error instanceof Error) || !/cluster support disabled/i.test(error.message)) throw error;
    throw new ConfigurationError(
      `Redis at ${addressOf(node)} is not part of a cluster: remove cluster=true, or name nodes of one.`,
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

function isPutOff(answer: PromiseSettledResult<unknown> | undefined): boolean {
  return answer?.status === "rejected" && isPutOffReply(answer.reason);
}

function notServed(...hosts: readonly [RedisHost, ...RedisHost[]]): string {
  return `The Redis Cluster of ${hostsOf({ hosts })} does not serve all slots now.`;
}

function servedAgain(address: string): RedisError {
  const text = `What Redis at ${address} had is served again; the connections to all nodes of the cluster are opened anew, since queues may have been forgotten.`;
  return new RedisError(text, { kind: "unavailable" });
}

function inMotion(error: unknown, node: RedisHost): RedisError {
  const text = errorText(error);
  return new RedisError(`The Redis Cluster of ${addressOf(node)} is moving a slot (${text}); it is tried again.`, {
    kind: "moving",
    cause: error,
  });
}
