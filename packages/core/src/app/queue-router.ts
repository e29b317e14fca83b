import type { Configuration } from "./configuration/configuration.ts";
import type { ResolvedTaskOptions } from "./task-definition.ts";

/** What of a task decides its queue. */
export interface Routed {
  readonly name: string;
  readonly options: Pick<ResolvedTaskOptions, "queue">;
}

/** The queue of a task's calls: by its own options, by the routes, else the default queue. */
export function routeTask(
  { name, options }: Routed,
  { routes, settings }: Pick<Configuration, "routes" | "settings">,
): string {
  if (options.queue !== undefined) return options.queue;
  const routed = typeof routes === "function" ? routes(name) : matchRoute(name, routes);
  return routed ?? settings.defaultQueue;
}

function matchRoute(task: string, routes: Readonly<Record<string, string>>): string | undefined {
  if (Object.hasOwn(routes, task)) return routes[task];
  for (const [pattern, queue] of Object.entries(routes)) if (matchesGlob(task, pattern)) return queue;
  return undefined;
}

/** Whether a name fits a glob: `*` stands for any characters, `?` for one. In time linear in the lengths' product. */
export function matchesGlob(name: string, glob: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let g = 0;
  while (at < name.length) {
    if (glob[g] === "*") {
      star = g;
      resume = at;
      g += 1;
    } else if (glob[g] === "?" || glob[g] === name[at]) {
      g += 1;
      at += 1;
    } else if (star >= 0) {
      g = star + 1;
      resume += 1;
      at = resume;
    } else return false;
  }
  while (glob[g] === "*") g += 1;
  return g === glob.length;
}
