import { createHash } from "node:crypto";

/** A statement with a name, so that the server plans it once per connection. */
export interface PostgresStatement {
  readonly name: string;
  readonly text: string;
}

/** What a parameter may be. A list of numbers is written as an array, a list of texts too. */
export type PostgresValue = string | number | boolean | null | Uint8Array | readonly (string | null)[];

/** Rows as texts, as PostgreSQL writes them; columns in order. */
export type PostgresRows = readonly (readonly (string | null)[])[];

/** Gives a statement the name that its text asks for: the same text is planned once, two releases of it never clash. */
export function defineStatement(text: string): PostgresStatement {
  return { name: `lovage_${createHash("sha1").update(text).digest("hex").slice(0, 24)}`, text };
}

/** A list of numbers as PostgreSQL reads an array; cheaper than to have each of them escaped. */
export function numberArray(numbers: readonly (number | null)[]): string {
  // Joined at once where it can be: this runs for every task.
  return `{${(numbers.includes(null) ? numbers.map((number) => number ?? "NULL") : numbers).join(",")}}`;
}
