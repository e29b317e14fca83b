import { setTimeout as pause } from "node:timers/promises";
import { PrivateServer } from "../private/private-server.ts";
import type { OwnServer, ServerOptions } from "../service.ts";

const syncMs = 30_000;
const pollMs = 20;
// A replica of a server on the same machine need not wait for others to join the transfer.
const replication = ["--repl-diskless-sync-delay", "0"];

/** A primary and a replica of it, both of them private servers of this machine. */
export class RedisPair implements AsyncDisposable {
  /** Takes the writes, until `failOver`. */
  readonly primary: OwnServer;
  /** Follows the primary, until `failOver`. */
  readonly replica: OwnServer;

  private constructor(primary: OwnServer, replica: OwnServer) {
    this.primary = primary;
    this.replica = replica;
  }

  /** Starts both. Resolves when the replica is in sync. */
  static async start({ settings = [] }: ServerOptions = {}): Promise<RedisPair> {
    const primary = await PrivateServer.start("redis", { settings: [...replication, ...settings] });
    try {
      const following = ["--replicaof", `127.0.0.1 ${primary.port}`];
      const replica = await PrivateServer.start("redis", { settings: [...replication, ...following, ...settings] });
      const pair = new RedisPair(primary, replica);
      await pair.untilInSync();
      return pair;
    } catch (error) {
      await primary[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Resolves when the replica follows the primary and has all it had written when this was called. */
  async untilInSync(): Promise<void> {
    const wanted = readField(await infoOf(this.primary), "master_repl_offset");
    const endsAtMs = Date.now() + syncMs;
    for (;;) {
      const info = await infoOf(this.replica);
      const isUp = info.includes("master_link_status:up");
      if (isUp && readField(info, "slave_repl_offset") >= wanted) return;
      if (Date.now() > endsAtMs) throw new Error(`The replica was not in sync within ${syncMs} ms:\n${info}`);
      await pause(pollMs);
    }
  }

  /** Kills the primary and makes the replica take writes: what it had not heard of is lost. */
  async failOver(): Promise<void> {
    await this.primary.kill();
    await redisCli(this.replica, ["replicaof", "no", "one"]);
  }

  /** Ends both. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.primary[Symbol.asyncDispose](), this.replica[Symbol.asyncDispose]()]);
  }
}

async function infoOf(server: OwnServer): Promise<string> {
  return await redisCli(server, ["info", "replication"]);
}

async function redisCli(server: OwnServer, command: readonly string[]): Promise<string> {
  return await server.execute("redis-cli", ["-p", String(server.port), ...command]);
}

function readField(info: string, field: string): number {
  return Number(new RegExp(`^${field}:(\\d+)`, "mu").exec(info)?.[1] ?? -1);
}
