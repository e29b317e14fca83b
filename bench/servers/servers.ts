import process from "node:process";
import { readDemands } from "../../integration/services/ladder/ladder-demands.ts";
import { ServiceMissingError } from "../../integration/services/service-missing-error.ts";
import type { Scale } from "../cases/bench-case.ts";
import { serviceOf } from "../peers/store.ts";
import type { BenchService, Store } from "../peers/store.ts";
import type { BenchServer, ServerFacts, ServerRecipe } from "./bench-server.ts";
import { postgresRecipe } from "./postgres-recipe.ts";
import { rabbitmqRecipe } from "./rabbitmq-recipe.ts";
import { redisRecipe } from "./redis-recipe.ts";
import type { RedisDurability } from "./redis-recipe.ts";
import { sqsRecipe } from "./sqs-recipe.ts";
import { startServer } from "./start-server.ts";

/** How servers are started. */
export interface ServerOptions {
  readonly redisDurability: RedisDurability;
  readonly scale: Scale;
}

/** The servers of a run, all private to it. */
export class Servers implements AsyncDisposable {
  readonly #servers = new Map<BenchService, BenchServer>();
  readonly #missing = new Map<BenchService, string>();

  /**
   * Starts what these stores need. One that is not installed is missing.
   * @throws Error for one that does not start, or that is missing and that `LOVAGE_TEST_REQUIRE` demands
   */
  static async start(stores: ReadonlySet<Store>, { redisDurability, scale }: ServerOptions): Promise<Servers> {
    const recipes: Readonly<Record<BenchService, ServerRecipe>> = {
      redis: redisRecipe(redisDurability),
      rabbitmq: rabbitmqRecipe(scale),
      postgres: postgresRecipe(scale),
      sqs: sqsRecipe,
    };
    const servers = new Servers();
    const services = new Set([...stores].map((store) => serviceOf(store)).filter((service) => service !== undefined));
    const starting = [...services].map((service) => servers.#start(service, recipes[service]));
    const failed = (await Promise.allSettled(starting)).find((one) => one.status === "rejected");
    if (failed === undefined) return servers;
    await servers[Symbol.asyncDispose]();
    throw failed.reason;
  }

  /** What those are that run. */
  get facts(): readonly ServerFacts[] {
    return [...this.#servers.values()].map(({ facts }) => facts);
  }

  /** The server of a store; `undefined` where it needs none, or has none. */
  of(store: Store): BenchServer | undefined {
    const service = serviceOf(store);
    return service === undefined ? undefined : this.#servers.get(service);
  }

  /** Why a store cannot be measured here; `undefined` when it can. */
  whyNot(store: Store): string | undefined {
    const service = serviceOf(store);
    return service === undefined ? undefined : this.#missing.get(service);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()));
  }

  async #start(service: BenchService, recipe: ServerRecipe): Promise<void> {
    try {
      this.#servers.set(service, await startServer(service, recipe));
    } catch (error) {
      const isRequired = readDemands(process.env).required.has(service);
      if (!(error instanceof ServiceMissingError) || isRequired) throw error;
      this.#missing.set(service, error.message);
    }
  }
}
