import { packageVersion } from "../../integration/services/package-version.ts";
import type { ServerRecipe } from "./bench-server.ts";

/** The emulator of SQS that the tests use. Its figures say nothing about AWS: it only compares clients. */
export const sqsRecipe: ServerRecipe = {
  // With its data on disk it is slower than any client.
  settings: ["memory"],
  durability: "nothing: the emulator has all in memory",
  versionOf: () => Promise.resolve(`fauxqs ${packageVersion("fauxqs", import.meta.url)}`),
  freshUrl: async (server) => {
    await server.restart();
    return server.url;
  },
};
