import { readFile } from "node:fs/promises";

/** A CPU profile as V8 writes it, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

/** Time that one place of the program took itself, what it called aside. */
export interface Share {
  /** Function and file; of a built-in function also who called it. */
  readonly name: string;
  /** Package of ours, or where else the function comes from. */
  readonly origin: string;
  /** Part of the time in which the process did something. */
  readonly share: number;
}

// Waiting, and the profiler's own end.
const leftOut = /^\((idle|root|program)\)$|^post .*inspector/u;

/** Reads a profile; the dearest places first. */
export async function readProfile(file: string): Promise<readonly Share[]> {
  const { nodes, samples, timeDeltas } = JSON.parse(await readFile(file, "utf8")) as CpuProfile;
  const places = describeAll(nodes);
  const tookUs = new Map<string, { readonly origin: string; us: number }>();
  for (const [index, id] of samples.entries()) {
    const { name, origin } = places.get(id) ?? { name: "?", origin: "?" };
    if (leftOut.test(name)) continue;
    const place = tookUs.get(name) ?? { origin, us: 0 };
    place.us += Math.max(0, timeDeltas[index] ?? 0);
    tookUs.set(name, place);
  }
  const total = [...tookUs.values()].reduce((sum, { us }) => sum + us, 0);
  return [...tookUs]
    .map(([name, { origin, us }]) => ({ name, origin, share: us / total }))
    .toSorted((a, b) => b.share - a.share);
}

function describeAll(nodes: readonly ProfileNode[]): ReadonlyMap<number, Omit<Share, "share">> {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node] as const)));
  return new Map(nodes.map((node) => [node.id, describe(node, parents.get(node.id))]));
}

function describe(node: ProfileNode, parent: ProfileNode | undefined): Omit<Share, "share"> {
  const { functionName, url } = node.callFrame;
  if (functionName.startsWith("(") && url === "") return { name: functionName, origin: functionName };
  if (url !== "" || parent === undefined) return { name: placeOf(node), origin: originOf(url) };
  return { name: `${functionName} < ${placeOf(parent)}`, origin: `built-in, for ${originOf(parent.callFrame.url)}` };
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const file = url.slice(url.lastIndexOf("/") + 1);
  const place = url === "" ? "built-in" : `${originOf(url)}, ${file}:${lineNumber + 1}`;
  return `${functionName === "" ? "(anonymous)" : functionName} (${place})`;
}

function originOf(url: string): string {
  if (url.startsWith("node:") || url === "") return "node";
  return /packages\/([^/]+)\//u.exec(url)?.[1] ?? (url.includes("/bench/") ? "bench" : "dependency");
}
