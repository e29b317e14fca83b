import { isDate, isUint8Array } from "node:util/types";

import { maskSecrets } from "@lovage/foundation";

const maxLength = 1_024;
/** Masking looks at more than is shown, so that no secret is cut where it can no longer be recognised. */
const maxMaskedLength = 4 * maxLength;
const secretKey = /pass(?:w|phrase)|secret|token|credential|api_?key|private_?key|authorization/i;

/**
 * Arguments as Celery shows them in logs, events and Flower: Python literals, cut at 1 024 characters. Passwords in URLs
 * and values under keys such as `password` or `token` are masked.
 * @param as How the outermost array is written; arrays inside are lists.
 */
export function pythonRepr(value: unknown, as: "tuple" | "list"): string {
  const parts: string[] = [];
  write(value, as, { parts, left: maxMaskedLength });
  const text = maskSecrets(parts.join(""));
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 3).toWellFormed()}...`;
}

interface Output {
  readonly parts: string[];
  left: number;
}

function write(value: unknown, as: "tuple" | "list", output: Output): void {
  if (output.left <= 0) return;
  if (Array.isArray(value)) writeArray(value, as, output);
  else if (isDate(value)) put(output, quote(value.toISOString()));
  else if (isUint8Array(value)) put(output, `<${value.byteLength} bytes>`);
  else if (typeof value === "object" && value !== null) writeObject(value, output);
  else put(output, literal(value));
}

function writeArray(items: readonly unknown[], as: "tuple" | "list", output: Output): void {
  put(output, as === "tuple" ? "(" : "[");
  for (const [index, item] of items.entries()) {
    if (output.left <= 0) return;
    if (index > 0) put(output, ", ");
    write(item, "list", output);
  }
  if (as === "tuple") put(output, items.length === 1 ? ",)" : ")");
  else put(output, "]");
}

function writeObject(object: object, output: Output): void {
  let separator = "";
  put(output, "{");
  for (const [key, item] of Object.entries(object)) {
    if (output.left <= 0) return;
    if (item === undefined) continue;
    put(output, `${separator}${quote(key)}: `);
    if (secretKey.test(key)) put(output, "'***'");
    else write(item, "list", output);
    separator = ", ";
  }
  put(output, "}");
}

function literal(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" ? String(value) : "None";
}

function quote(text: string): string {
  const shown = text.slice(0, maxMaskedLength).replaceAll(escaped, escapeOf);
  return shown.includes("'") && !shown.includes('"') ? `"${shown}"` : `'${shown.replaceAll("'", "\\'")}'`;
}

/** What Python escapes in its texts, too: a terminal would carry out some of it. */
const escaped = /\\|(?! )[\p{C}\p{Z}]/gu;
const shortEscapes: ReadonlyMap<string, string> = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);

function escapeOf(character: string): string {
  const short = shortEscapes.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const [letter, digits] =
    code <= 0xff ? (["x", 2] as const) : code <= 0xff_ff ? (["u", 4] as const) : (["U", 8] as const);
  return `\\${letter}${code.toString(16).padStart(digits, "0")}`;
}

function put(output: Output, text: string): void {
  output.parts.push(text);
  output.left -= text.length;
}
