import type { Crew, CrewOptions } from "./crew.ts";
import { WorkerChild } from "./worker-child.ts";

/** Worker processes, all loaded and connected. */
export async function processCrew(options: CrewOptions): Promise<Crew> {
  const children = Array.from({ length: options.size }, () => new WorkerChild(options));
  const all = async (step: (child: WorkerChild) => Promise<void>): Promise<void> => {
    await Promise.all(children.map((child) => step(child)));
  };
  await all((child) => child.ready());
  return {
    start: () => all((child) => child.tell("start", "started")),
    stop: () => all((child) => child.tell("stop", "stopped")),
    usage: async () => {
      const [first] = children;
      if (first === undefined) throw new Error("A crew of nobody takes nothing.");
      return await first.usage();
    },
  };
}
