import type { JoinMember } from "@lovage/backend";

/** A join that is open. */
export interface StoredJoin {
  readonly size: number;
  readonly expiresInMs: number;
  /** In order of arrival. */
  readonly members: Map<string, JoinMember>;
  /** The member that completed it, once it is complete. */
  completedBy: string | undefined;
}
