import { catalogue } from "../catalogue.ts";
import { ContainerServer } from "../container/container-server.ts";
import { dockerEngine, provideImage } from "../container/docker-engine.ts";
import { privateRecipes } from "../private/private-recipes.ts";
import { PrivateServer } from "../private/private-server.ts";
import type { OwnRung, ServerMaker } from "./server-maker.ts";

/** The rungs on which servers are made. */
export const serverMakers: Readonly<Record<OwnRung, ServerMaker>> = {
  container: {
    provide: async (name) => await provideImage(await dockerEngine(), catalogue[name].container.image),
    start: async (name, options) => await ContainerServer.start(name, options),
  },
  private: {
    provide: async (name) => void privateRecipes[name].locate(),
    start: async (name, options) => await PrivateServer.start(name, options),
  },
};
