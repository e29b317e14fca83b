import { OptionError } from "@lovage/foundation";

/** PostgreSQL cuts longer names without a word (NAMEDATALEN). */
const maxBytes = 63;

/**
 * Gives the name of a schema back when it can be one.
 * @throws OptionError (`OPTION_INVALID`) for an empty or too long name, one with control characters or a dollar sign (which ends quoted bodies), and one that PostgreSQL keeps for itself
 */
export function checkSchemaName(name: string): string {
  const fits = name.length > 0 && Buffer.byteLength(name) <= maxBytes && !/[\p{Cc}\p{Cs}$]/u.test(name);
  if (fits && !/^pg_/i.test(name) && name !== "information_schema") return name;
  throw new OptionError(
    `schema must be 1 to ${maxBytes} bytes of printable characters without "$" and not begin with "pg_", got ${JSON.stringify(name.slice(0, 100))}.`,
    { field: "schema" },
  );
}

/** A name as it stands in SQL. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as it stands in SQL, whatever `standard_conforming_strings` says. */
export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}
