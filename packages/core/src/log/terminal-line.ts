import { inspect } from "node:util";

const levelNames: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };
const hidden = new Set(["level", "time", "msg", "pid", "hostname", "name"]);

/** A line of pino's JSON as a person reads it: time, level, message, then the other fields. */
export function terminalLine(json: string): string {
  const line = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const { level, time, msg } = line;
  const at = typeof time === "number" ? new Date(time).toTimeString().slice(0, 8) : "";
  const fields = Object.entries(line).filter(([key]) => !hidden.has(key));
  const shown = fields.map(([key, value]) => `${key}=${fieldText(value)}`).join(" ");
  return `${[at, (levelNames[Number(level)] ?? String(level)).padEnd(5), String(msg), shown].join(" ").trimEnd()}\n`;
}

function fieldText(value: unknown): string {
  if (typeof value === "string") return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);
  if (isError(value)) return `${value.name}: ${value.message}${value.stack === undefined ? "" : `\n${value.stack}`}`;
  return inspect(value, { depth: 3, breakLength: Infinity });
}

function isError(
  value: unknown,
): value is { readonly name: string; readonly message: string; readonly stack?: string } {
  return typeof value === "object" && value !== null && "name" in value && "message" in value;
}
