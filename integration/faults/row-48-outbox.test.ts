import path from "node:path";
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
const endMs = 30_000 * depth.patience;
const settleMs = 90_000 * depth.patience;

/** The programs of one test, and the database in which they write orders and effects. */
class Shop {
  readonly #scene: Scene;
  readonly #url: string;
  readonly #env: Readonly<Record<string, string>>;
  #orders = 0;

  private constructor(scene: Scene, url: string) {
    this.#scene = scene;
    this.#url = url;
    this.#env = { OUTBOX_URL: url };
  }

  static async open(scene: Scene, server: string): Promise<Shop> {
    const database = path.basename(scene.directory).toLowerCase().replaceAll(/\W/gu, "_");
    await askServer(server, (client) => client.query(`CREATE DATABASE ${database}`));
    const url = Object.assign(new URL(server), { pathname: `/${database}` }).href;
    await askServer(url, (client) =>
      client.query("CREATE TABLE orders (id int); CREATE TABLE effects (kind text, id int)"),
    );
    return new Shop(scene, url);
  }

  /** Takes orders until it is killed; each has a number of its own. */
  produce(task: string): Child {
    this.#orders += 1_000_000;
    return this.#scene.startProgram("outbox/produce.ts", [task, String(this.#orders)], this.#env);
  }

  /** A relay that dies at a step of one of its publications, or never. */
  relay(...args: readonly string[]): Child {
    return this.#scene.startProgram("outbox/relay.ts", args, this.#env);
  }

  worker(): Promise<Child> {
    return this.#scene.startWorker({ app: "outbox/worker.ts", concurrency: 4, env: this.#env });
  }

  async ids(sql: string): Promise<number[]> {
    const { rows } = await askServer(this.#url, (client) => client.query<{ id: number }>(`${sql} ORDER BY id`));
    return rows.map(({ id }) => id);
  }

  orders(): Promise<number[]> {
    return this.ids("SELECT id FROM orders");
  }

  effects(kind: string): Promise<number[]> {
    return this.ids(`SELECT id FROM effects WHERE kind = '${kind}'`);
  }

  /** Waits until so many more orders were committed. */
  async untilOrders(more: number): Promise<void> {
    const before = (await this.orders()).length;
    const isThere = async (): Promise<boolean> => (await this.orders()).length >= before + more;
    await eventually(isThere, { what: `${more} more orders`, withinMs: endMs });
  }

  /** Waits until each order had its effect, and the outbox and the queue are empty. */
  async untilDone(kind: string): Promise<void> {
    const orders = await this.orders();
    const isDone = async (): Promise<boolean> =>
      new Set(await this.effects(kind)).size >= orders.length &&
      (await this.ids("SELECT id FROM lovage_outbox.outbox")).length === 0;
    const effects = await this.effects(kind);
    const describe = (): string => `${orders.length} orders, at first ${effects.length} effects`;
    await eventually(isDone, { what: "an effect of each order", withinMs: settleMs, describe });
    await this.#scene.untilEmpty(settleMs);
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
      const shop = await Shop.open(scene, database().url);
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
      await scene.whileAway(() => shop.untilOrders(ordersARound));
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
      const shop = await Shop.open(scene, database().url);
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
