import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import { ServiceMissingError } from "../service-missing-error.ts";
import type { ServiceName } from "../service-name.ts";
import type { DeskAnswer, DeskQuestion } from "./desk-question.ts";
import type { RunServices } from "./run-services.ts";

/**
 * Hands the services of a run to the processes of its test files: one question, one answer and the end of the
 * connection, as lines of JSON over the loopback interface.
 */
export class ServiceDesk implements AsyncDisposable {
  readonly #services: RunServices;
  // Whoever asked may have been killed meanwhile, and then wants no answer.
  readonly #server = net.createServer((socket) => void this.#serve(socket).catch(() => socket.destroy()));

  private constructor(services: RunServices) {
    this.#services = services;
  }

  /** Opens a desk. It keeps no process alive. */
  static async open(services: RunServices): Promise<ServiceDesk> {
    const desk = new ServiceDesk(services);
    await once(desk.#server.listen(0, "127.0.0.1"), "listening");
    desk.#server.unref();
    return desk;
  }

  /** Where questions are put. */
  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  /** Answers no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
  }

  async #serve(socket: net.Socket): Promise<void> {
    socket.on("error", () => socket.destroy());
    for await (const line of createInterface({ input: socket })) {
      const answer = await this.#answer(JSON.parse(line) as DeskQuestion);
      socket.end(JSON.stringify(answer));
    }
  }

  async #answer(question: DeskQuestion): Promise<DeskAnswer> {
    const { name, rungs, isShared = false, command } = question;
    try {
      if (rungs !== undefined && !isShared) return { rung: await this.#services.chooseRung(name, rungs) };
      if (command !== undefined) return { output: await this.#execute(name, command) };
      const { url, rung, origin } = await (isShared ? this.#services.share(name, rungs) : this.#services.find(name));
      return { service: { name, url, rung, origin } };
    } catch (error) {
      const { message } = error as Error;
      const mayBeSkipped = error instanceof ServiceMissingError && !this.#services.isRequired(name);
      return mayBeSkipped ? { missing: message } : { failure: message };
    }
  }

  async #execute(name: ServiceName, [program, ...args]: NonNullable<DeskQuestion["command"]>): Promise<string> {
    const server = await this.#services.share(name);
    return await server.execute(program, args);
  }
}
