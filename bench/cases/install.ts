import { importMs } from "../install/import-ms.ts";
import { installedSize } from "../install/installed-size.ts";
import { storeNames } from "../peers/store.ts";
import type { BenchCase } from "./bench-case.ts";

/** What a user installs and loads. */
export const install: BenchCase = {
  name: "install",
  title: "What is installed, and how long its import takes over an empty Node",
  headline: "mb",
  isBetter: "less",
  // What it needs is the same as for the other queues of RabbitMQ.
  stores: storeNames.filter((store) => store !== "rabbitmq-classic"),
  needsBuild: (_, { packages }) => packages.includes("lovage"),
  asks: ({ packages }) => packages.length > 0,
  async run({ peer, scale }) {
    const { bytes, packages } = await installedSize(peer.packages);
    return { mb: bytes / 1e6, packages, importMs: await importMs(peer.packages, scale === "quick" ? 1 : 11) };
  },
};
