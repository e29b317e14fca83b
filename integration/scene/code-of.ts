/** The code of an error; "undefined" for what has none. */
export function codeOf(error: unknown): string {
  const code: unknown = Reflect.get(Object(error) as object, "code");
  return String(code);
}
