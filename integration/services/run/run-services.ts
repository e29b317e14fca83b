import type { FoundService, Ladder } from "../ladder/ladder.ts";
import type { OwnRung } from "../ladder/server-maker.ts";
import { catalogue } from "../catalogue.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnServer } from "../service.ts";

/** The services of one run of tests: each is found or started when it is first asked for, and shared by all who ask. */
export class RunServices implements AsyncDisposable {
  readonly #ladder: Ladder;
  readonly #report: (line: string) => void;
  readonly #found = new Map<ServiceName, Promise<FoundService>>();
  readonly #shared = new Map<ServiceName, Promise<OwnServer>>();
  readonly #rungs = new Map<string, Promise<OwnRung>>();

  /** @param report Is told, in one line, where each service comes from. */
  constructor(ladder: Ladder, report: (line: string) => void) {
    this.#ladder = ladder;
    this.#report = report;
  }

  /** See `Ladder`. */
  isRequired(name: ServiceName): boolean {
    return this.#ladder.isRequired(name);
  }

  /** The service that all share. Rejects like `Ladder.find`. */
  async find(name: ServiceName): Promise<FoundService> {
    const found = this.#found.get(name) ?? this.#tell(name, () => this.#ladder.find(name));
    this.#found.set(name, found);
    return await found;
  }

  /** A server that was made for this run and that all share who ask for it. Rejects like `Ladder.start`. */
  async share(name: ServiceName, only?: readonly OwnRung[]): Promise<OwnServer> {
    const shared = this.#shared.get(name) ?? this.#tell(name, () => this.#ladder.start(name, only));
    this.#shared.set(name, shared);
    return await shared;
  }

  /** How to start servers of one's own. Rejects like `Ladder.chooseRung`. */
  async chooseRung(name: ServiceName, only?: readonly OwnRung[]): Promise<OwnRung> {
    const key = [name, ...(only ?? [])].join(" ");
    const chosen = this.#rungs.get(key) ?? this.#chooseAnew(name, only);
    this.#rungs.set(key, chosen);
    return await chosen;
  }

  /** Ends what was started. */
  async [Symbol.asyncDispose](): Promise<void> {
    const found = await Promise.allSettled([...this.#found.values(), ...this.#shared.values()]);
    const started = found.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    await Promise.all(started.map(async (service) => await service[Symbol.asyncDispose]?.()));
  }

  async #chooseAnew(name: ServiceName, only?: readonly OwnRung[]): Promise<OwnRung> {
    try {
      return await this.#ladder.chooseRung(name, only);
    } catch (error) {
      this.#report(`${catalogue[name].title} of a test's own: NOT COVERED. ${(error as Error).message}`);
      throw error;
    }
  }

  async #tell<S extends FoundService>(name: ServiceName, find: () => Promise<S>): Promise<S> {
    const startedAtMs = Date.now();
    const { title } = catalogue[name];
    try {
      const service = await find();
      this.#report(`${title}: ${service.origin}; ready after ${Date.now() - startedAtMs} ms.`);
      return service;
    } catch (error) {
      this.#report(`${title}: NOT COVERED. ${(error as Error).message}`);
      throw error;
    }
  }
}
