/** The known name that a person most likely meant, if any is near enough to be worth a suggestion. */
export function nearestName(written: string, known: Iterable<string>): string | undefined {
  const plain = simplify(written);
  const limit = plain.length < 5 ? 1 : Math.ceil(plain.length * 0.4);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(plain, simplify(name));
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name;
}

/** ` Did you mean "…"?`, or nothing. */
export function suggestion(written: string, known: Iterable<string>): string {
  const name = nearestName(written, known);
  return name === undefined ? "" : ` Did you mean "${name}"?`;
}

function simplify(name: string): string {
  return name.slice(0, 64).toLowerCase().replaceAll(/[_-]/g, "");
}

/** Levenshtein's: how many letters to add, drop or change. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (from[i] === to[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
