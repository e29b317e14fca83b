import { setTimeout as pause } from "node:timers/promises";
import { PrivateServer } from "../private/private-server.ts";
import type { OwnServer, ServerOptions } from "../service.ts";

const readyMs = 30_000;
const pollMs = 50;
const sentinelCount = 3;
const replicaCount = 2;
const replication = ["--repl-diskless-sync-delay", "0"];

/** A primary with two replicas, watched by three sentinels; all are private servers of this machine. */
export class RedisSentinels implements AsyncDisposable {
  /** Under this name the sentinels know the primary. */
  readonly name = "main";
  readonly sentinels: readonly OwnServer[];
  /** The first of them is the primary, until it fails. */
  readonly servers: readonly OwnServer[];

  private constructor(servers: readonly OwnServer[], sentinels: readonly OwnServer[]) {
    this.servers = servers;
    this.sentinels = sentinels;
  }

  /** Starts all. Resolves when every sentinel knows the others and the replicas. */
  static async start({ settings = [] }: ServerOptions = {}): Promise<RedisSentinels> {
    const started: OwnServer[] = [];
    const start = async (more: readonly string[]): Promise<OwnServer> => {
      const server = await PrivateServer.start("redis", { settings: more });
      started.push(server);
      return server;
    };
    try {
      const primary = await start([...replication, ...settings]);
      const following = [...replication, "--replicaof", `127.0.0.1 ${primary.port}`, ...settings];
      const replicas = await Promise.all(Array.from({ length: replicaCount }, () => start(following)));
      const watching = ["--sentinel", ...watch(primary.port)];
      const sentinels = await Promise.all(Array.from({ length: sentinelCount }, () => start(watching)));
      const made = new RedisSentinels([primary, ...replicas], sentinels);
      await made.#untilAllKnown();
      return made;
    } catch (error) {
      await Promise.all(started.map((server) => server[Symbol.asyncDispose]()));
      throw error;
    }
  }

  /** As users write it. */
  get url(): string {
    return `redis://${this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/0?sentinel=${this.name}`;
  }

  /** Ends all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.sentinels, ...this.servers].map((server) => server[Symbol.asyncDispose]()));
  }

  async #untilAllKnown(): Promise<void> {
    const endsAtMs = Date.now() + readyMs;
    for (const sentinel of this.sentinels) {
      const info = (): Promise<string> =>
        sentinel.execute("redis-cli", ["-p", String(sentinel.port), "info", "sentinel"]);
      while (!(await info()).includes(`slaves=${replicaCount},sentinels=${sentinelCount}`)) {
        if (Date.now() > endsAtMs) throw new Error(`The sentinels did not know each other within ${readyMs} ms.`);
        await pause(pollMs);
      }
    }
  }
}

function watch(port: number): readonly string[] {
  return [
    `sentinel monitor main 127.0.0.1 ${port} 2`,
    "sentinel down-after-milliseconds main 1000",
    "sentinel failover-timeout main 3000",
    "sentinel parallel-syncs main 2",
  ];
}
