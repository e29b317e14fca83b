import type { Capabilities, Connection } from "@lovage/transport";

const dayMs = 86_400_000;

/** The rows, in the order of the contract; written with `satisfies`, so that a new capability cannot be forgotten. */
const rows = {
  reach: (value) => value,
  durability: (value) => value,
  fencing: (value) => value,
  recovery: (value) => value,
  order: (value) => value,
  priorities: yesOrNo,
  fairness: yesOrNo,
  delayHorizonMs: (value) => (Number.isFinite(value) ? `${Math.round(value / dayMs)} days` : "no bound"),
  exchanges: (value) => value,
  atomicHandOver: yesOrNo,
  atomicPublish: yesOrNo,
  transactions: (value) => value ?? "no",
  broadcast: yesOrNo,
  browse: (value) => value,
  countsLosses: yesOrNo,
  countsReleases: (value) => yesOrNo(value === true),
  doublesWithinMs: (value) => (value === undefined ? "no" : "yes"),
  hold: (value) => (value === undefined ? "no bound" : `${Math.round(value.maxMs / 60_000)} min`),
  maxMessageBytes: (value) => `${Math.round(value / 1024)} KiB`,
} satisfies { readonly [name in keyof Capabilities]-?: (value: Capabilities[name]) => string };

/**
 * The capabilities of transports side by side, as a Markdown table for the docs: one column a transport, one row a capability.
 * @param connections Open connections, or their capabilities, by the transport's name.
 */
export function capabilityTable(
  connections: Readonly<Record<string, Connection | { readonly capabilities: Capabilities }>>,
): string {
  const names = Object.keys(connections);
  const all = Object.values(connections).map(({ capabilities }) => capabilities);
  const body = Object.keys(rows).map((name) => {
    const cells = all.map((capabilities) => cell(capabilities, name as keyof Capabilities));
    return `| \`${name}\` | ${cells.join(" | ")} |\n`;
  });
  const head = `| capability | ${names.join(" | ")} |\n| --- |${" --- |".repeat(names.length)}\n`;
  return head + body.join("");
}

function cell(capabilities: Capabilities, name: keyof Capabilities): string {
  const write = rows[name] as (value: Capabilities[keyof Capabilities]) => string;
  return write(capabilities[name]).replaceAll("|", "\\|");
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}
