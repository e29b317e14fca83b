import { describe } from "vitest";
import { catalogue } from "./catalogue.ts";
import type { OwnRung } from "./ladder/server-maker.ts";
import { serverMakers } from "./ladder/server-makers.ts";
import { askDesk } from "./run/ask-desk.ts";
import { refuse } from "./run/refuse.ts";
import type { ServiceName } from "./service-name.ts";
import type { OwnServer, ServerOptions } from "./service.ts";

/** Starts a server of one's own: `await using server = await start()`. */
export type StartServer = (options?: ServerOptions) => Promise<OwnServer>;

/**
 * A suite that starts, kills, freezes and empties servers of its own. They are containers, or servers that are
 * installed here. Without either the suite is one skipped test that says why, or a failed one where it is required.
 * @param rungs The rungs that will do. Topologies of several servers need `["private"]`.
 */
export function describeOwnServer(
  name: ServiceName,
  define: (start: StartServer) => void,
  rungs: readonly OwnRung[] = ["container", "private"],
): void {
  describe(`${catalogue[name].title} (its own)`, async () => {
    const answer = await askDesk({ name, rungs });
    if ("rung" in answer) return define((options) => serverMakers[answer.rung].start(name, options));
    if ("missing" in answer || "failure" in answer) refuse(answer);
  });
}
