import { describe } from "vitest";
import { catalogue } from "./catalogue.ts";
import type { OwnRung } from "./ladder/server-maker.ts";
import { askDesk } from "./run/ask-desk.ts";
import { refuse } from "./run/refuse.ts";
import type { ServiceName } from "./service-name.ts";
import type { Server } from "./service.ts";

/**
 * A suite on a server that was made for this run and that all such suites share, at the same time: for servers that take long to start. Use names
 * that nobody else has, and never end or empty it. Missing servers are told of as by `describeOwnServer`.
 * @param rungs The rungs that will do.
 */
export function describeSharedServer(
  name: ServiceName,
  define: (server: Server) => void,
  rungs: readonly OwnRung[] = ["container", "private"],
): void {
  describe(`${catalogue[name].title} (the run's)`, async () => {
    const shared = { name, rungs, isShared: true } as const;
    const answer = await askDesk(shared);
    const execute = async (program: string, args: readonly string[]): Promise<string> => {
      const ran = await askDesk({ ...shared, command: [program, ...args] });
      if ("output" in ran) return ran.output;
      throw new Error("failure" in ran ? ran.failure : `${program} was not run.`);
    };
    if ("service" in answer) return define({ ...answer.service, execute });
    if ("missing" in answer || "failure" in answer) refuse(answer);
  });
}
