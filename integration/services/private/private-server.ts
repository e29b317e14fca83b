import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, closeSync, mkdtempSync, openSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { catalogue } from "../catalogue.ts";
import { dropClientsCommands } from "../drop-clients-command.ts";
import { Guard } from "../guard/guard.ts";
import { probes } from "../probe/probes.ts";
import { untilItAnswers } from "../probe/until-it-answers.ts";
import { urlOf } from "../probe/url-of.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnServer, RestartOptions, ServerOptions } from "../service.ts";
import { freePort } from "./free-port.ts";
import type { Launch, Place, PrivateRecipe } from "./private-recipe.ts";
import { privateRecipes } from "./private-recipes.ts";
import { continueTree, killTree, stopTree } from "./process-tree.ts";
import { retryTakenPort } from "./retry-taken-port.ts";
import { unprivilegedUser } from "./unprivileged-user.ts";

const killTreeProgram = fileURLToPath(new URL("kill-tree-program.ts", import.meta.url));
const logName = "server.log";
const logLines = 15;
const toolMs = 60_000;
// What dies while its folder is removed may still write: try until it is gone for good.
const removeFolder = 'for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1"; sleep 0.3; done';

/** What a private server is started with. */
export interface PrivateOptions extends ServerOptions {
  /** Variables that stand above those of its recipe: for servers that must find each other. @default none */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * A server that is installed here, run on a port and in a temporary folder of its own.
 * Modes: see {@link OwnServer}.
 */
export class PrivateServer implements OwnServer {
  readonly rung = "private";
  readonly name: ServiceName;
  readonly port: number;
  readonly url: string;
  readonly #place: Place;
  readonly #env: Readonly<Record<string, string>>;
  readonly #recipe: PrivateRecipe;
  readonly #folderGuard: Guard;
  #version = "";
  #launch: Launch | undefined;
  #leader: ChildProcess | undefined;
  #processGuard: Guard | undefined;

  private constructor(name: ServiceName, place: Place, env: Readonly<Record<string, string>>) {
    this.name = name;
    this.port = place.port;
    this.url = urlOf(name, "127.0.0.1", place.port);
    this.#place = place;
    this.#env = env;
    this.#recipe = privateRecipes[name];
    this.#folderGuard = new Guard(["/bin/sh", "-c", removeFolder, "remove", place.directory]);
  }

  /**
   * Starts one. Resolves when it answers.
   * @throws Error when it is not installed, or does not answer
   */
  static async start(
    name: ServiceName,
    { settings = [], clock, env = {} }: PrivateOptions = {},
  ): Promise<PrivateServer> {
    const recipe = privateRecipes[name];
    recipe.locate();
    const user = recipe.users === undefined ? {} : unprivilegedUser(recipe.users);
    const directory = mkdtempSync(path.join(tmpdir(), `lovage-server-${name}-`));
    if (user.uid !== undefined && user.gid !== undefined) chownSync(directory, user.uid, user.gid);
    const server = new PrivateServer(
      name,
      { directory, port: await freePort(), settings, user },
      { ...clock?.env, ...env },
    );
    try {
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get origin(): string {
    return `private server ${this.#recipe.locate()}${this.#version === "" ? "" : `, version ${this.#version}`}`;
  }

  async start(): Promise<void> {
    await retryTakenPort(async () => await this.#startOnce());
  }

  async #startOnce(): Promise<void> {
    if (this.#leader !== undefined) throw new Error(`${this.#title} runs already.`);
    const launch = await this.#recipe.prepare(this.#place);
    this.#launch = { ...launch, env: { ...launch.env, ...this.#env } };
    const leader = await this.#spawn(this.#launch);
    const { startMs } = catalogue[this.name];
    const whyNot = async (): Promise<string | undefined> =>
      hasEnded(leader) ? `${this.#title} ended at once:\n${await this.log()}` : undefined;
    try {
      const ask = async (): Promise<string> => await probes[this.name](new URL(this.url));
      this.#version = await untilItAnswers(ask, { withinMs: startMs, whyNot });
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  async kill(): Promise<void> {
    if (this.#leader?.pid === undefined) return;
    const { pid } = this.#leader;
    this.#leader.ref();
    await killTree(pid);
    await this.#processGuard?.release();
    this.#leader = undefined;
  }

  async stop(): Promise<void> {
    const leader = this.#leader;
    if (leader?.pid === undefined) return;
    if (!hasEnded(leader)) {
      const ended = once(leader, "exit", { signal: AbortSignal.timeout(catalogue[this.name].startMs) });
      leader.ref();
      leader.kill(this.#recipe.stopSignal ?? "SIGTERM");
      await ended;
    }
    // What it has left behind, if anything, ends with it.
    await this.kill();
  }

  async restart({ keepsData = true }: RestartOptions = {}): Promise<void> {
    await this.stop();
    if (!keepsData) await this.#empty();
    await this.start();
  }

  pause(): Promise<void> {
    stopTree(this.#runningPid());
    return Promise.resolve();
  }

  resume(): Promise<void> {
    continueTree(this.#runningPid());
    return Promise.resolve();
  }

  async dropClients(): Promise<void> {
    for (const [program, ...args] of dropClientsCommands(this.name, this.port)) await this.execute(program, args);
  }

  async execute(program: string, args: readonly string[]): Promise<string> {
    const { directory, user } = this.#place;
    const env = { ...process.env, ...this.#launch?.env };
    const options = { cwd: directory, env, timeout: toolMs, ...user };
    const answer = await this.#recipe.standIn?.(program, args, options);
    if (answer !== undefined) return answer;
    const { stdout } = await promisify(execFile)(this.#recipe.locateTool(program), args, options);
    return stdout;
  }

  async log(): Promise<string> {
    const text = await readFile(path.join(this.#place.directory, logName), "utf8");
    return text.trimEnd().split("\n").slice(-logLines).join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#place.directory, { recursive: true, force: true, maxRetries: 5 });
    await this.#folderGuard.release();
  }

  get #title(): string {
    return `The private ${catalogue[this.name].title} on port ${this.port}`;
  }

  async #spawn({ command, args, env }: Launch): Promise<ChildProcess> {
    const { directory, user } = this.#place;
    const log = openSync(path.join(directory, logName), "a");
    const stdio = ["ignore", log, log] as const;
    const options = { cwd: directory, env: { ...process.env, ...env }, detached: true, ...user };
    const leader = spawn(command, args, { ...options, stdio: [...stdio] });
    closeSync(log);
    await once(leader, "spawn");
    leader.unref();
    this.#leader = leader;
    this.#processGuard = new Guard([process.execPath, killTreeProgram, String(leader.pid)]);
    return leader;
  }

  #runningPid(): number {
    const leader = this.#leader;
    if (leader?.pid === undefined || hasEnded(leader)) throw new Error(`${this.#title} does not run.`);
    return leader.pid;
  }

  async #empty(): Promise<void> {
    const names = await readdir(this.#place.directory);
    const data = names.filter((name) => name !== logName);
    const remove = (name: string) => rm(path.join(this.#place.directory, name), { recursive: true });
    await Promise.all(data.map(remove));
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
