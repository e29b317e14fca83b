import { quoteLiteral } from "@lovage/client-postgres";

/** A number larger than all before it, as an expression. @param schema Its name, quoted. */
export function nextNumber(schema: string): string {
  return `nextval(${quoteLiteral(`${schema}.numbers`)})`;
}
