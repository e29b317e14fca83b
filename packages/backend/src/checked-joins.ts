import { checkWhole } from "@lovage/foundation";
import { checkId } from "./check-id.ts";
import type { JoinArrival, JoinMember, JoinOpening, JoinProgress, Joins } from "./joins.ts";

/** Joins that refuse, before any I/O, what no store can keep or nobody can mean. @throws OPTION_INVALID */
export function checkedJoins(inner: Joins): Joins {
  return new CheckedJoins(inner);
}

class CheckedJoins implements Joins {
  readonly #inner: Joins;

  constructor(inner: Joins) {
    this.#inner = inner;
  }

  async open(opening: JoinOpening): Promise<void> {
    checkId(opening.joinId, "joinId");
    checkWhole("size", opening.size, 1);
    await this.#inner.open(opening);
  }

  async arrive(arrival: JoinArrival): Promise<JoinProgress> {
    checkId(arrival.joinId, "joinId");
    checkId(arrival.memberId, "memberId");
    return await this.#inner.arrive(arrival);
  }

  async members(joinId: string): Promise<readonly JoinMember[]> {
    checkId(joinId, "joinId");
    return await this.#inner.members(joinId);
  }

  async close(joinId: string): Promise<void> {
    checkId(joinId, "joinId");
    await this.#inner.close(joinId);
  }
}
