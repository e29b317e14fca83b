import { UnderWay } from "@lovage/foundation";

import { giveBack } from "../leases/give-back.ts";
import { HiddenKeeper, type Keeping } from "../leases/keep-hidden.ts";
import type { Held } from "../leases/lease-table.ts";
import { longestLineMs } from "./longest-line.ts";

/** What {@link GroupLines} work with. */
export interface GroupLinesOptions extends Keeping {
  /** It is its turn: whoever claims next is to get it. */
  readonly onTurn: (held: Held) => void;
}

interface Line {
  readonly head: Held;
  /** In their order. */
  readonly waiting: Held[];
}

/**
 * The messages of a FIFO queue that were received together with others of their group: SQS gives several at once, as many as it can. Each waits here until the
 * one before it was deleted, since nobody else can get it meanwhile: SQS shows nothing of a group of which something is in work. When the first goes back the
 * others do too, so that it comes first again. What has waited so long that it could not be held for its own time goes back when its turn comes, and comes anew.
 */
export class GroupLines {
  readonly #options: GroupLinesOptions;
  readonly #keeper: HiddenKeeper;
  readonly #lines = new Map<string, Line>();
  readonly #returns = new UnderWay();

  constructor(options: GroupLinesOptions) {
    this.#options = options;
    this.#keeper = new HiddenKeeper(options);
  }

  /** Keeps those that have to wait; gives the others. */
  admit(received: readonly Held[]): readonly Held[] {
    const { table, clock } = this.#options.context;
    const nowMs = clock.monotonic();
    return received.filter((held) => {
      const { group } = held.arrival;
      if (group === undefined) return true;
      const head = this.#lines.get(group)?.head;
      if (head === held) return true;
      // A head that was lost ends its line here.
      const line = head !== undefined && table.find(head.lease, nowMs) === head ? this.#lines.get(group) : undefined;
      if (line === undefined) this.#begin(group, { head: held, waiting: [] });
      else {
        table.fifoReceives.clear(held.arrival);
        line.waiting.push(held);
      }
      return line === undefined;
    });
  }

  /** Notices heads that were lost, and keeps hidden what waits. */
  async sweep(): Promise<void> {
    const { table, clock } = this.#options.context;
    const nowMs = clock.monotonic();
    for (const { head } of this.#lines.values()) table.find(head.lease, nowMs);
    const waiting = [...this.#lines.values()].flatMap((line) => line.waiting);
    await this.#keeper.keep(waiting.filter(({ lease }) => table.find(lease, nowMs) !== undefined));
  }

  /** Puts back what waits, and lets the heads run on: SQS shows nothing of a group before its head is gone. Resolves once that is done. */
  async giveUp(): Promise<void> {
    for (const { waiting } of this.#lines.values()) this.#giveBack(waiting.splice(0));
    await this.#returns.overSoFar();
  }

  async close(): Promise<void> {
    for (const [group, line] of this.#lines) this.#end(group, line);
    await this.#returns.overSoFar();
  }

  #begin(group: string, line: Line): void {
    this.#lines.set(group, line);
    line.head.onEnd = (isDeleted) => {
      if (this.#lines.get(group) !== line) return;
      const next = isDeleted ? line.waiting.shift() : undefined;
      if (next === undefined) return this.#end(group, line);
      const { table, clock } = this.#options.context;
      const nowMs = clock.monotonic();
      // What follows one that was lost comes again behind it.
      if (table.find(next.lease, nowMs) === undefined) return this.#end(group, line);
      if (nowMs - next.arrival.arrivedAtMs > longestLineMs) {
        line.waiting.unshift(next);
        return this.#end(group, line);
      }
      this.#begin(group, { head: next, waiting: line.waiting });
      this.#options.onTurn(next);
    };
  }

  #end(group: string, { waiting }: Line): void {
    this.#lines.delete(group);
    this.#giveBack(waiting);
  }

  #giveBack(waiting: readonly Held[]): void {
    const { table, clock } = this.#options.context;
    const nowMs = clock.monotonic();
    const ours = waiting.filter(({ lease }) => table.find(lease, nowMs) !== undefined);
    if (ours.length === 0) return;
    for (const held of ours) table.remove(held);
    this.#returns.add(this.#putBack(ours));
  }

  async #putBack(held: readonly Held[]): Promise<void> {
    const { context, queue } = this.#options;
    const returns = held.map(({ arrival }) => ({ arrival, delayMs: 0, wasDelivered: false }));
    await giveBack(context, queue, returns);
  }
}
