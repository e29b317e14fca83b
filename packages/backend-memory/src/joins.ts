import type { JoinArrival, JoinMember, JoinOpening, JoinProgress, Joins } from "@lovage/backend";
import type { Session } from "./session.ts";

/** Joins in memory; see {@link Joins}. */
export class MemoryJoins implements Joins {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async open({ joinId, size, expiresInMs }: JoinOpening): Promise<void> {
    const { store, nowMs } = this.#session;
    if (store.joins.get(joinId, nowMs) !== undefined) return;
    store.joins.set(joinId, { size, expiresInMs, members: new Map(), completedBy: undefined }, nowMs + expiresInMs);
  }

  async arrive({ joinId, memberId, index, payload }: JoinArrival): Promise<JoinProgress> {
    const { store, nowMs } = this.#session;
    const join = store.joins.get(joinId, nowMs);
    if (join === undefined) return { known: false, arrived: 0, size: 0, completes: false };
    if (!join.members.has(memberId)) {
      join.members.set(memberId, { memberId, index, payload });
      if (join.members.size === join.size) join.completedBy = memberId;
      store.joins.set(joinId, join, nowMs + join.expiresInMs);
    }
    const completes = join.completedBy === memberId;
    return { known: true, arrived: join.members.size, size: join.size, completes };
  }

  async members(joinId: string): Promise<readonly JoinMember[]> {
    const { store, nowMs } = this.#session;
    const members = store.joins.get(joinId, nowMs)?.members.values() ?? [];
    return [...members].toSorted((a, b) => a.index - b.index || (a.memberId < b.memberId ? -1 : 1));
  }

  async close(joinId: string): Promise<void> {
    this.#session.store.joins.delete(joinId);
  }
}
