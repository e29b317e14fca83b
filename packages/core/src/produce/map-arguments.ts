import { isEmpty } from "../protocol/is-empty.ts";

/**
 * Positions out of keyword arguments. With the names of the parameters each keyword takes its position, and what fits none comes behind all of
 * them in one trailing object; without names all of them are that object.
 */
export function mapArguments(
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
  parameters: readonly string[] | undefined,
): readonly unknown[] {
  if (isEmpty(kwargs)) return args;
  const given = Object.entries(kwargs);
  if (parameters === undefined) return [...args, { ...kwargs }];
  const mapped = [...args];
  const rest: [string, unknown][] = [];
  for (const [name, value] of given) {
    const index = parameters.indexOf(name);
    if (index < args.length) rest.push([name, value]);
    else mapped[index] = value;
  }
  if (rest.length > 0) mapped[Math.max(mapped.length, parameters.length)] = Object.fromEntries(rest);
  // Positions between that nobody gave would be holes, which JSON and schemas take for something else.
  return Array.from(mapped);
}
