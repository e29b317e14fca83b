import { setTimeout as pause } from "node:timers/promises";
import { PrivateServer } from "../private/private-server.ts";
import type { OwnServer, ServerOptions } from "../service.ts";

const clusterMs = 30_000;
const pollMs = 50;
const primaryCount = 3;
const cluster = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"];

/** What a cluster is started with. */
export interface ClusterOptions extends ServerOptions {
  /** Replicas of each primary. @default 0 */
  readonly replicas?: number;
}

/** A Redis Cluster of three primaries, each of them a private server of this machine. */
export class RedisCluster implements AsyncDisposable {
  /** The nodes. Any of them tells clients of the others. */
  readonly nodes: readonly OwnServer[];

  private constructor(nodes: readonly OwnServer[]) {
    this.nodes = nodes;
  }

  /** Starts the nodes and joins them. Resolves when each of them says that all slots are served. */
  static async start({ settings = [], replicas = 0 }: ClusterOptions = {}): Promise<RedisCluster> {
    const starts = Array.from({ length: primaryCount * (1 + replicas) }, () => startNode([...cluster, ...settings]));
    const started = await Promise.allSettled(starts);
    const made = new RedisCluster(started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : [])));
    try {
      await Promise.all(starts);
      await made.#join(replicas);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends all nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(async (node) => await node[Symbol.asyncDispose]()));
  }

  async #join(replicas: number): Promise<void> {
    const addresses = this.nodes.map(({ port }) => `127.0.0.1:${port}`);
    const [first] = this.nodes;
    const copies = ["--cluster-replicas", String(replicas)];
    await first?.execute("redis-cli", ["--cluster", "create", ...addresses, "--cluster-yes", ...copies]);
    const endsAtMs = Date.now() + clusterMs;
    for (const node of this.nodes) {
      const info = async (): Promise<string> =>
        await node.execute("redis-cli", ["-p", String(node.port), "cluster", "info"]);
      while (!(await info()).includes("cluster_state:ok")) {
        if (Date.now() > endsAtMs) throw new Error(`The cluster was not whole within ${clusterMs} ms.`);
        await pause(pollMs);
      }
    }
  }
}

/** A node listens at a second port, 10 000 higher, which may be taken though the first is free. */
async function startNode(settings: readonly string[], triesLeft = 5): Promise<OwnServer> {
  try {
    return await PrivateServer.start("redis", { settings });
  } catch (error) {
    if (triesLeft === 0 || !String(error).includes("Address already in use")) throw error;
    return await startNode(settings, triesLeft - 1);
  }
}
