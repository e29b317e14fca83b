import { randomUUID } from "node:crypto";

import { endOfString } from "./end-of-string.ts";

/** Whether a text that is no JSON may be {@link parsePythonNumbers}'s. */
export function mayHoldPythonNumbers(text: string): boolean {
  return text.includes("NaN") || text.includes("Infinity");
}

/**
 * JSON with three numbers more, which Python writes and JSON has no form for: NaN, Infinity and -Infinity.
 * @throws SyntaxError
 */
export function parsePythonNumbers(text: string): unknown {
  // Nobody who wrote the text can have guessed it.
  const mark = randomUUID();
  return JSON.parse(asJson(text, mark), (_key, value: unknown) =>
    typeof value === "object" && value !== null && Object.hasOwn(value, mark) ? NaN : value,
  ) as unknown;
}

/** Beyond the largest number JSON reads infinity; for NaN stands an object, which cannot be a key. */
function asJson(text: string, mark: string): string {
  const words = /"|NaN|-?Infinity/g;
  let json = "";
  let from = 0;
  for (let found = words.exec(text); found !== null; found = words.exec(text)) {
    const [word] = found;
    if (word === '"') words.lastIndex = endOfString(text, found.index) + 1;
    else {
      const number = word === "NaN" ? `{"${mark}":0}` : word.replace("Infinity", "1e999");
      // Apart from what stands beside it, of which it would otherwise become a part.
      json += `${text.slice(from, found.index)} ${number} `;
      from = words.lastIndex;
    }
  }
  return json + text.slice(from);
}
