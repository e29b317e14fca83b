const maxShown = 12;

/** A key of an object, or a place in an array. */
export type PathKey = string | number;

/**
 * A path as a person writes it: `args[0].user["first name"]`. Of a long one the middle is left out.
 * @param root What the path starts at.
 * @param keys Keys and indexes that lead from there.
 */
export function formatPath(root: string, keys: readonly PathKey[]): string {
  const half = maxShown / 2;
  if (keys.length <= maxShown) return root + keys.map(formatKey).join("");
  const [start, end] = [keys.slice(0, half), keys.slice(-half)];
  return `${root}${start.map(formatKey).join("")}…${end.map(formatKey).join("")}`;
}

function formatKey(key: PathKey): string {
  if (typeof key === "number") return `[${key}]`;
  if (/^[A-Za-z_$][\w$]{0,63}$/.test(key)) return `.${key}`;
  return `[${JSON.stringify(key.length > 64 ? `${key.slice(0, 63)}…` : key)}]`;
}
