import path from "node:path";
import { arrows, unbound } from "./arrows.ts";
import type { WorkspacePackage } from "./workspace.ts";

/** What one package may reach, by package name. */
interface Reach {
  readonly sources: ReadonlySet<string>;
  readonly tests: ReadonlySet<string>;
}

const testFile = /\.test(?:-d)?\.ts$|\/test-support\//u;

/**
 * Finds dependencies and imports between our packages that the arrows do not allow, and cycles of packages.
 * @param packages The packages of the workspace.
 * @returns One sentence each; empty when all is well.
 */
export function findWrongArrows(packages: readonly WorkspacePackage[]): string[] {
  const ours = new Set(packages.map((each) => each.name));
  const bound = packages.filter((each) => !unbound.has(path.basename(each.folder)));
  const cycle = findCycle(packages);
  return [
    ...bound.flatMap((each) => findWrongOf(each, packages, ours)),
    ...packages.flatMap((each) => findMissingReferences(each, packages)),
    ...(cycle === undefined ? [] : [`The packages depend on each other in a circle: ${cycle.join(" -> ")}.`]),
  ];
}

function findWrongOf(from: WorkspacePackage, packages: readonly WorkspacePackage[], ours: Set<string>): string[] {
  const reach = reachOf(from, packages);
  if (reach === undefined) return [`${from.folder} has no row in scripts/arrows.ts. Say there what it may depend on.`];
  const refuse = (name: string, allowed: ReadonlySet<string>): boolean =>
    ours.has(name) && name !== from.name && !allowed.has(name);
  const where = `${from.folder}/package.json`;
  return [
    ...from.dependencies.filter((name) => refuse(name, reach.sources)).map((name) => tell(where, "depend on", name)),
    ...from.devDependencies.filter((name) => refuse(name, reach.tests)).map((name) => tell(where, "depend on", name)),
    ...from.imports
      .filter(({ file, name }) => refuse(name, testFile.test(file) ? reach.tests : reach.sources))
      .map(({ file, name }) => tell(file, "import", name)),
  ];
}

function tell(where: string, verb: string, name: string): string {
  return `${where} must not ${verb} ${name}: scripts/arrows.ts does not allow this arrow.`;
}

function reachOf(from: WorkspacePackage, packages: readonly WorkspacePackage[]): Reach | undefined {
  const role = path.basename(from.folder);
  const row = arrows.find((arrow) => matchStar(arrow.from, role) !== undefined);
  if (row === undefined) return undefined;
  const store = matchStar(row.from, role) ?? "";
  const named = (roles: readonly string[]): string[] =>
    roles.flatMap((to) => packages.find((each) => path.basename(each.folder) === to.replace("*", store))?.name ?? []);
  return { sources: new Set(named(row.to)), tests: new Set(named([...row.to, ...(row.tests ?? [])])) };
}

/** What `*` stands for when the role fits the pattern: "" for a pattern without one; undefined when it does not fit. */
function matchStar(pattern: string, role: string): string | undefined {
  if (!pattern.endsWith("*")) return pattern === role ? "" : undefined;
  const start = pattern.slice(0, -1);
  return role.startsWith(start) ? role.slice(start.length) : undefined;
}

/** `tsc -b` builds in the order of the references: one that is missing lets it read a package that is not built yet. */
function findMissingReferences(from: WorkspacePackage, packages: readonly WorkspacePackage[]): string[] {
  const { references } = from;
  if (references === undefined) return [];
  const needed = packages.filter((each) => from.dependencies.includes(each.name)).map((each) => each.folder);
  return needed
    .filter((folder) => !references.includes(folder))
    .map((folder) => `${from.folder}/tsconfig.json has no reference to ${folder}, which its package depends on.`);
}

function findCycle(packages: readonly WorkspacePackage[]): string[] | undefined {
  const byName = new Map(packages.map((each) => [each.name, each]));
  const finished = new Set<string>();
  const walk = (name: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    const each = byName.get(name);
    if (each === undefined || finished.has(name)) return undefined;
    for (const next of [...each.dependencies, ...each.devDependencies]) {
      const cycle = walk(next, [...trail, name]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of byName.keys()) {
    const cycle = walk(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
