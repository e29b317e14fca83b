import { randomUUID } from "node:crypto";
import { freePort } from "../private/free-port.ts";
import { PrivateServer } from "../private/private-server.ts";
import type { OwnServer } from "../service.ts";

const nodeCount = 3;

/** Three nodes of RabbitMQ in one cluster, each of them a private server of this machine. */
export class RabbitmqCluster implements AsyncDisposable {
  /** The first one keeps the port mapper of all: what must be killed is another. */
  readonly nodes: readonly OwnServer[];

  private constructor(nodes: readonly OwnServer[]) {
    this.nodes = nodes;
  }

  /** Starts the nodes and joins them. Resolves when each is there for the others. */
  static async start(): Promise<RabbitmqCluster> {
    const env = { ERL_EPMD_PORT: String(await freePort()), RABBITMQ_ERLANG_COOKIE: randomUUID() };
    const first = await PrivateServer.start("rabbitmq", { env });
    const settings = [
      "cluster_formation.peer_discovery_backend = classic_config",
      `cluster_formation.classic_config.nodes.1 = lovage${first.port}@localhost`,
    ];
    const starts = Array.from({ length: nodeCount - 1 }, () => PrivateServer.start("rabbitmq", { env, settings }));
    const started = await Promise.allSettled(starts);
    const others = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    const cluster = new RabbitmqCluster([first, ...others]);
    try {
      await Promise.all(starts);
      await first.execute("rabbitmqctl", ["await_online_nodes", String(nodeCount)]);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Ends all nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map(async (node) => await node[Symbol.asyncDispose]()));
  }
}
