import { makeLadder } from "../../integration/services/ladder/make-ladder.ts";
import { PrivateServer } from "../../integration/services/private/private-server.ts";
import type { ServiceName } from "../../integration/services/service-name.ts";
import type { BenchServer, ServerRecipe } from "./bench-server.ts";

/**
 * Starts a server that is installed here: a container's network would be measured with it.
 * @throws Error when there is none
 */
export async function startServer(service: ServiceName, recipe: ServerRecipe): Promise<BenchServer> {
  await makeLadder().chooseRung(service, ["private"]);
  const server = await PrivateServer.start(service, { settings: recipe.settings });
  try {
    const facts = { service, version: await recipe.versionOf(server), durability: recipe.durability };
    return {
      facts,
      freshUrl: () => recipe.freshUrl(server),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
