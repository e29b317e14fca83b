import { catalogue } from "../catalogue.ts";
import { dropClientsCommands } from "../drop-clients-command.ts";
import { freePort } from "../private/free-port.ts";
import { retryTakenPort } from "../private/retry-taken-port.ts";
import { probes } from "../probe/probes.ts";
import { untilItAnswers } from "../probe/until-it-answers.ts";
import { urlOf } from "../probe/url-of.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnServer, RestartOptions, ServerOptions } from "../service.ts";
import { containerLog } from "./container-log.ts";
import { dockerEngine, provideImage } from "./docker-engine.ts";
import type { RunningContainer } from "./start-container.ts";

/** A server in a container of its own, on a fixed port of this machine. Modes: see {@link OwnServer}. */
export class ContainerServer implements OwnServer {
  readonly rung = "container";
  readonly name: ServiceName;
  readonly port: number;
  readonly #settings: readonly string[];
  #container: RunningContainer | undefined;
  #host = "127.0.0.1";
  #version = "";

  private constructor(name: ServiceName, port: number, settings: readonly string[]) {
    this.name = name;
    this.port = port;
    this.#settings = settings;
  }

  /**
   * Starts one. Resolves when it answers.
   * @throws Error when there is no engine or no image, or when it does not answer
   */
  static async start(name: ServiceName, { settings = [], clock }: ServerOptions = {}): Promise<ContainerServer> {
    if (clock !== undefined) throw new Error("A container goes by the machine's clock: ask for a private server.");
    const server = new ContainerServer(name, await freePort(), settings);
    try {
      await server.#create();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get url(): string {
    return urlOf(this.name, this.#host, this.port);
  }

  get origin(): string {
    return `container of ${catalogue[this.name].container.image}${this.#version && `, version ${this.#version}`}`;
  }

  async start(): Promise<void> {
    const handle = await this.#handle();
    await retryTakenPort(async () => void (await handle.start()));
    await this.#untilItAnswers();
  }

  async kill(): Promise<void> {
    const handle = await this.#handle();
    const { State } = await handle.inspect();
    if (State.Running) await handle.kill();
  }

  async stop(): Promise<void> {
    const handle = await this.#handle();
    const { State } = await handle.inspect();
    if (State.Running) await handle.stop({ t: catalogue[this.name].container.stopSeconds });
  }

  async restart({ keepsData = true }: RestartOptions = {}): Promise<void> {
    await this.stop();
    if (keepsData) return await this.start();
    await this.#remove();
    await this.#create();
  }

  async pause(): Promise<void> {
    await (await this.#handle()).pause();
  }

  async resume(): Promise<void> {
    await (await this.#handle()).unpause();
  }

  async dropClients(): Promise<void> {
    const commands = dropClientsCommands(this.name, catalogue[this.name].container.port);
    for (const [program, ...args] of commands) await this.execute(program, args);
  }

  async execute(program: string, args: readonly string[]): Promise<string> {
    const { container } = await dockerEngine();
    const { output, stdout, exitCode } = await container.exec(await this.#handle(), [program, ...args]);
    if (exitCode !== 0) throw new Error(`${program} ended with ${exitCode}: ${output}`);
    return stdout;
  }

  async log(): Promise<string> {
    return await containerLog((await this.#handle()).id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#remove();
  }

  async #create(): Promise<void> {
    await provideImage(await dockerEngine(), catalogue[this.name].container.image);
    // Only those who have come this far wait for it to load.
    const { startContainer } = await import("./start-container.ts");
    const start = { name: this.name, port: this.port, settings: this.#settings };
    this.#container = await retryTakenPort(async () => await startContainer(start));
    await this.#untilItAnswers();
  }

  async #remove(): Promise<void> {
    await this.#container?.remove();
    this.#container = undefined;
  }

  async #untilItAnswers(): Promise<void> {
    const whyNot = async (): Promise<string | undefined> => {
      const { State } = await (await this.#handle()).inspect();
      return State.Running ? undefined : `The ${this.origin} ended at once:\n${await this.log()}`;
    };
    const withinMs = catalogue[this.name].startMs;
    this.#version = await untilItAnswers(async () => await this.#ask(), { withinMs, whyNot });
  }

  /** In a container beside the engine its gateway is the host; on the engine's own machine only loopback may be. */
  async #ask(): Promise<string> {
    const probe = probes[this.name];
    try {
      this.#host = "127.0.0.1";
      return await probe(new URL(this.url));
    } catch {
      // The other address is the last one to be tried, and its error counts.
      this.#host = this.#container?.host ?? "127.0.0.1";
      return await probe(new URL(this.url));
    }
  }

  async #handle() {
    if (this.#container === undefined) throw new Error(`The ${this.origin} was removed.`);
    const { container } = await dockerEngine();
    return container.getById(this.#container.id);
  }
}
