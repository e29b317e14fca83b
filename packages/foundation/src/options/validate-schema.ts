import type { StandardSchemaV1 } from "@standard-schema/spec";

import { maskSecrets } from "../secrets/mask-secrets.ts";

/** What a schema says about a value: what it made of it, or what is wrong with it. */
export type Validated<T> = { readonly value: T; readonly issues?: never } | { readonly issues: readonly string[] };

/** How {@link validate} words its issues. */
export interface ValidateOptions {
  /**
   * What the value is called at the start of each path: `args` gives `args[0].email: …`.
   * @default "" (paths start with the first key)
   */
  readonly root?: string | undefined;
  /**
   * How many issues are told; the rest is only counted.
   * @default 10
   */
  readonly maxIssues?: number | undefined;
  /**
   * Longest text of one issue, in characters.
   * @default 200
   */
  readonly maxIssueLength?: number | undefined;
}

/**
 * Checks a value with any Standard Schema. Synchronous when the schema is, so that a caller need not wait for nothing;
 * `await` works for both. Issues are texts such as `args[0].email: Invalid email`, bounded in number and length.
 * An error that the schema throws is a fault of the schema and passes through.
 */
export function validate<T>(
  schema: StandardSchemaV1<unknown, T>,
  value: unknown,
  options: ValidateOptions = {},
): Validated<T> | Promise<Validated<T>> {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then((late) => toValidated(late, options)) : toValidated(result, options);
}

function toValidated<T>(result: StandardSchemaV1.Result<T>, options: ValidateOptions): Validated<T> {
  if (result.issues === undefined) return { value: result.value };
  const { root = "", maxIssues = 10, maxIssueLength = 200 } = options;
  const told = result.issues.slice(0, maxIssues).map((issue) => {
    const text = `${formatPath(root, issue.path ?? [])}: ${issue.message}`.replace(/^: /, "");
    return cut(maskSecrets(text.slice(0, maxIssueLength * 4)), maxIssueLength);
  });
  const untold = result.issues.length - told.length;
  return { issues: untold > 0 ? [...told, `and ${untold} more`] : told };
}

function formatPath(root: string, path: readonly (PropertyKey | StandardSchemaV1.PathSegment)[]): string {
  let text = root;
  for (const segment of path) {
    const key = typeof segment === "object" ? segment.key : segment;
    if (typeof key === "number" || /^\d+$/.test(String(key))) text += `[${String(key)}]`;
    else if (/^[A-Za-z_$][\w$]*$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength - 1)}…` : text;
}
