/** What a store's tables are, and what would have to change. */
export interface SchemaPlan {
  /** Version found; 0 where nothing is there yet. */
  readonly from: number;
  /** Version that was asked for, or the one this release works with. */
  readonly to: number;
  /** Statements that lead from one to the other, in order, ready to be printed and run by hand. Empty when all is well. */
  readonly statements: readonly string[];
}

/** Versions of tables, by component. What is not named stays as it is. */
export type SchemaVersions = Readonly<Record<string, number>>;

/**
 * The tables of a store, versioned. A release works with its own version and that of the next one, so that old and new programs run side by
 * side during a deploy. Drivers make their tables on first use, where the role may; `lovage schema` does it beforehand.
 */
export interface StoreSchema {
  /** Whose tables these are, as the store itself notes it beside their version: such as `transport`. */
  readonly components: readonly string[];
  /** What `apply` would do. Writes nothing. @throws SCHEMA_VERSION */
  plan(to?: SchemaVersions): Promise<SchemaPlan>;
  /**
   * Brings the tables to this release's version, or to others that it knows: also back, once no program of the versions left runs. Idempotent; forth it is safe beside
   * running programs and other callers. @throws SCHEMA_VERSION: the tables are too new, or the store cannot go there; nothing was written
   */
  apply(to?: SchemaVersions): Promise<SchemaPlan>;
}

/** The tables of a store that was not opened for it: nothing but `apply` makes or changes anything. */
export interface OpenSchema extends StoreSchema {
  /** Lets go of what was opened to look. Idempotent. */
  close(): Promise<void>;
}
