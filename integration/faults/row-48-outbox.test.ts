import path from "node:path";
import { Client } from "pg";
import { expect } from "vitest";
import { postgresServer } from "../drivers/postgres/postgres-server.ts";
import { recordFigures, sound } from "../figures/record-figures.ts";
import { askServer } from "../postgres/ask-server.ts";
import type { Child } from "../processes/child.ts";
import { eventually } from "../processes/eventually.ts";
import { depth } from "../scene/depth.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";

const ordersARound = depth.of(1_000);
/** What a producer takes as fast as it can: as much as the scenario waits for. */
const burst = 2 * ordersARound;
const endMs = 30_000 * depth.patience;
const settleMs = 90_000 * depth.patience;

/** The programs of one test, and the database in which they write orders and effects. */
class Shop implements AsyncDisposable {
  readonly #scene: Scene;
  readonly #database: Client;
  readonly #env: Readonly<Record<string, string>>;
  #orders = 0;

  private constructor(scene: Scene, url: string) {
    this.#scene = scene;
    this.#database = new Client({ connectionString: url, application_name: "test" });
    this.#env = { OUTBOX_URL: url };
  }

  static async open(scene: Scene, server: string): Promise<Shop> {
    const database = path.basename(scene.directory).toLowerCase().replaceAll(/\W/gu, "_");
    await askServer(server, (client) => client.query(`CREATE DATABASE ${database}`));
    const shop = new Shop(scene, Object.assign(new URL(server), { pathname: `/${database}` }).href);
    await shop.#database.connect();
    await shop.#database.query("CREATE TABLE orders (id int); CREATE TABLE effects (kind text, id int)");
    return shop;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.end();
  }

  /** Takes orders until it is killed; each has a number of its own. */
  produce(task: string): Child {
    this.#orders += 1_000_000;
    const args = [task, String(this.#orders), String(burst)];
    return this.#scene.startProgram("outbox/produce.ts", args, this.#env);
  }

  /** A relay that dies at a step of one of its publications, or never. */
  relay(...args: readonly string[]): Child {
    return this.#scene.startProgram("outbox/relay.ts", args, this.#env);
  }

  worker(): Promise<Child> {
    return this.#scene.startWorker({ app: "outbox/worker.ts", concurrency: 4, env: this.#env });
  }

  orders(): Promise<number[]> {
    return this.#ids("SELECT id FROM orders");
  }

  effects(kind: string): Promise<number[]> {
    return this.#ids(`SELECT id FROM effects WHERE kind = '${kind}'`);
  }

  /** Waits until so many more orders were committed. */
  async untilOrders(more: number): Promise<void> {
    const count = (): Promise<number> => this.#count("id", "orders");
    const before = await count();
    const isThere = async (): Promise<boolean> => (await count()) >= before + more;
    await eventually(isThere, { what: `${more} more orders`, withinMs: endMs });
  }

  /** Waits until each order had its effect, and the outbox and the queue are empty. */
  async untilDone(kind: string): Promise<void> {
    const orders = await this.#count("id", "orders");
    const effects = (): Promise<number> => this.#count("DISTINCT id", `effects WHERE kind = '${kind}'`);
    const isDone = async (): Promise<boolean> =>
      (await effects()) >= orders && (await this.#count("id", "lovage_outbox.outbox")) === 0;
    const before = await effects();
    const describe = (): string => `${orders} orders, at first ${before} effects`;
    await eventually(isDone, { what: "an effect of each order", withinMs: settleMs, describe });
    await this.#scene.untilEmpty(settleMs);
  }

  async #ids(sql: string): Promise<number[]> {
    const { rows } = await this.#database.query<{ id: number }>(`${sql} ORDER BY id`);
    return rows.map(({ id }) => id);
  }

  async #count(what: string, from: string): Promise<number> {
    const { rows } = await this.#database.query<{ count: string }>(`SELECT count(${what}) AS count FROM ${from}`);
    return Number(rows[0]?.count);
  }
}

/** Has a relay publish until it dies, while orders are taken by a producer that is killed in the midst of one. */
async function dieInTheMidst(
  shop: Shop,
  { task, step }: { readonly task: string; readonly step: string },
): Promise<void> {
  const producer = shop.produce(task);
  await shop.untilOrders(ordersARound);
  const relay = shop.relay(step, "2");
  await relay.waitForLog(new RegExp(`Died ${step}`, "u"), endMs);
  await relay.waitForEnd(endMs);
  await producer.kill();
}

function droppedBy(workers: readonly Child[]): number {
  return workers.reduce((sum, { log }) => sum + log.split("A second copy was dropped.").length - 1, 0);
}

describeOwnServer("postgres", (start) => {
  const database = postgresServer(start);

  fault(
    48,
    "whichever of producer, relay and worker is killed, and while the broker is away, what was committed has its effect once and what was rolled back none",
    async (scene) => {
      await using shop = await Shop.open(scene, database().url);
      const task = "outbox.effect";
      const crew = [await shop.worker(), await shop.worker()];
      for (const step of ["after", "before", "after"]) {
        await dieInTheMidst(shop, { task, step });
      }
      await crew[0]?.kill();
      crew.push(await shop.worker());
      const producer = shop.produce(task);
      const relay = shop.relay();
      await shop.untilOrders(ordersARound);
      await scene.host.whileAway(() => shop.untilOrders(ordersARound));
      await producer.kill();
      await shop.untilDone("after");
      const orders = await shop.orders();
      expect(relay.exit, "the relay still runs").toBeUndefined();
      expect(orders.length).toBeGreaterThanOrEqual(5 * ordersARound);
      expect(
        orders.filter((id) => id % 4 === 3),
        "rolled back",
      ).toEqual([]);
      expect(await shop.effects("effect")).toEqual(orders);
      expect(await shop.effects("after")).toEqual(orders);
      recordFigures({
        row: 48,
        broker: scene.broker,
        fault: "producer, relay and worker killed in turn, the broker away: effects in transactions",
        ...sound(orders.length),
        timings: [],
      });
    },
    { timeoutMs: 240_000, needs: "absence" },
  );

  fault(
    48,
    "a relay that is killed after the broker has accepted and before that is written down sends second copies, which the inbox drops",
    async (scene) => {
      await using shop = await Shop.open(scene, database().url);
      const task = "outbox.plain";
      for (const step of ["after", "before", "after"]) await dieInTheMidst(shop, { task, step });
      shop.relay();
      const crew = [await shop.worker(), await shop.worker()];
      await shop.untilDone("plain");
      const orders = await shop.orders();
      expect(await shop.effects("plain")).toEqual(orders);
      expect(droppedBy(crew), "second copies").toBeGreaterThan(0);
      recordFigures({
        row: 48,
        broker: scene.broker,
        fault: "relays killed at each step: effects without a transaction",
        ...sound(orders.length),
        timings: [],
      });
    },
    { timeoutMs: 240_000 },
  );
});
