/** What a store's tables are, and what would have to change. */
export interface SchemaPlan {
  /** Version found; 0 where nothing is there yet. */
  readonly from: number;
  /** Version this release works with. */
  readonly to: number;
  /** Statements that lead from one to the other, in order, ready to be printed and run by hand. Empty when all is well. */
  readonly statements: readonly string[];
}

/**
 * The tables of a store, versioned. A release works with its own version and that of the next one, so that old and new programs run side by
 * side during a deploy. Drivers make their tables on first use, where the role may; `lovage schema` does it beforehand.
 */
export interface StoreSchema {
  /** What `apply` would do. Writes nothing. */
  plan(): Promise<SchemaPlan>;
  /** Brings the tables to this release's version. Idempotent, safe beside running programs and other callers. @throws SCHEMA_VERSION */
  apply(): Promise<SchemaPlan>;
}

/** The tables of a store that was not opened for it: nothing but `apply` makes or changes anything. */
export interface OpenSchema extends StoreSchema {
  /** Lets go of what was opened to look. Idempotent. */
  close(): Promise<void>;
}
