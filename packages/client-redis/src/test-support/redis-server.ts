import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { systemClock } from "@lovage/foundation";

/** A Redis server of one's own, with its data in a directory of its own. */
export interface TestRedis {
  readonly port: number;
  readonly url: string;
  /** Ends it as `kill -9` does, and starts it again on the same port. */
  restart(options: { readonly withData: boolean }): Promise<void>;
  /** SIGSTOP; gives the function that lets it go on. */
  freeze(): () => void;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its data. Idempotent. */
  close(): Promise<void>;
}

/** Starts `redis-server` on a free port. It ends with this process at the latest. */
export async function startRedis(...settings: readonly string[]): Promise<TestRedis> {
  const directory = mkdtempSync(join(tmpdir(), "lovage-redis-"));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const atExit = (): void => void child?.kill("SIGKILL");
  process.setMaxListeners(100);
  process.once("exit", atExit);
  const kill = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill("SIGKILL");
    await ended;
  };
  const start = async (): Promise<void> => {
    child = await startServer(["--port", String(port), "--dir", directory, ...common, ...settings]);
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}/0`,
    kill,
    start,
    restart: async ({ withData }) => {
      await kill();
      if (!withData) rmSync(join(directory, "appendonlydir"), { recursive: true, force: true });
      await start();
    },
    freeze: () => {
      child?.kill("SIGSTOP");
      return () => void child?.kill("SIGCONT");
    },
    close: async () => {
      process.off("exit", atExit);
      await kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const common = [
  "--bind",
  "127.0.0.1",
  "--save",
  "",
  "--appendonly",
  "yes",
  "--appendfsync",
  "everysec",
  "--daemonize",
  "no",
];

async function startServer(settings: readonly string[]): Promise<ChildProcess> {
  const child = spawn("redis-server", [...settings], { stdio: ["ignore", "pipe", "ignore"] });
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.once("error", (cause) =>
      reject(new Error("redis-server is not installed here; these tests need it.", { cause })),
    );
    child.once("exit", () => reject(new Error(`redis-server ended: ${said.slice(-500)}`)));
    child.stdout?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes("Ready to accept connections")) resolve();
    });
  });
  child.stdout?.destroy();
  child.removeAllListeners("exit");
  await systemClock.sleep(0);
  return child;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("There is no free port.");
  return address.port;
}
