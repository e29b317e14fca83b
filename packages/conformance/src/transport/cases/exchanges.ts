import { deepEqual, equal } from "node:assert/strict";
import type { ExchangeType } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, messageTo } from "../message-spec.ts";
import { needsSharedBindings } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** Topic patterns, a key each that fits, and one that does not. */
const patterns: readonly (readonly [pattern: string, fits: readonly string[], misses: readonly string[]])[] = [
  ["stock.eur.dax", ["stock.eur.dax"], ["stock.eur", "stock.eur.dax.x", ""]],
  ["stock.*.dax", ["stock.eur.dax", "stock..dax"], ["stock.dax", "stock.eur.x.dax"]],
  ["*", ["stock"], ["stock.eur", ""]],
  ["stock.#", ["stock", "stock.eur", "stock.eur.dax"], ["stocks", "a.stock"]],
  ["#", ["", "stock", "stock.eur.dax"], []],
  ["#.dax", ["dax", "stock.eur.dax"], ["dax.x", "stockdax"]],
  ["*.#.*", ["a.b", "a.b.c.d"], ["a", ""]],
  ["", [""], ["a"]],
  ["a.(b|c).+", ["a.(b|c).+"], ["a.b.x"]],
];

/** Routing above queues. */
export const exchangesConcern: Concern = {
  name: "exchanges",
  cases: [
    {
      name: "a direct exchange takes a message to the queues bound to its very key",
      async run(scene) {
        const { exchange, queues } = await route(scene, "direct", ["red", "blue", "red"]);
        await scene.connection.publish([messageTo({ exchange, routingKey: "red" }, "a")]);
        deepEqual(await readyIn(scene, queues), [1, 0, 1]);
      },
    },
    {
      name: "a fanout exchange takes a message to all its queues, whatever the key",
      async run(scene) {
        const { exchange, queues } = await route(scene, "fanout", ["", "ignored"]);
        await scene.connection.publish([messageTo({ exchange, routingKey: "any" }, "a")]);
        deepEqual(await readyIn(scene, queues), [1, 1]);
      },
    },
    ...patterns.map(([pattern, fits, misses]) => ({
      name: `a topic binding "${pattern}" fits what AMQP says it fits`,
      async run(scene: Scene): Promise<void> {
        const { exchange, queues } = await route(scene, "topic", [pattern]);
        for (const routingKey of fits)
          await scene.connection.publish([messageTo({ exchange, routingKey }, routingKey || "none")]);
        for (const routingKey of misses) {
          const refused = scene.connection.publish([messageTo({ exchange, routingKey }, "missed")]);
          await expectCode(refused, "MESSAGE_UNROUTABLE");
        }
        deepEqual(await readyIn(scene, queues), [fits.length]);
      },
    })),
    {
      name: "a queue with several bindings that fit gets one copy",
      async run(scene) {
        const { exchange, queues } = await route(scene, "topic", ["a.*"]);
        const [queue = ""] = queues;
        await scene.connection.declare({ bindings: [{ exchange, queue, routingKey: "#" }] });
        await scene.connection.declare({ bindings: [{ exchange, queue, routingKey: "#" }] });
        await scene.connection.publish([messageTo({ exchange, routingKey: "a.b" }, "a")]);
        deepEqual(await readyIn(scene, queues), [1]);
      },
    },
    {
      name: "a message that no queue takes is refused by name",
      async run(scene) {
        const { exchange, queues } = await route(scene, "direct", ["red"]);
        const refused = scene.connection.publish([messageTo({ exchange, routingKey: "green" }, "a")]);
        await expectCode(refused, "MESSAGE_UNROUTABLE");
        deepEqual(await readyIn(scene, queues), [0]);
      },
    },
    {
      name: "a routed message keeps content, delay and settlement of its own in every queue",
      async run(scene) {
        const { exchange, queues } = await route(scene, "fanout", ["", ""]);
        const message = messageTo(
          { exchange, routingKey: "" },
          { id: "a", headers: { x: 1 }, notBefore: { inMs: 200 } },
        );
        await scene.connection.publish([message]);
        const [one, two] = await Promise.all(queues.map((queue) => scene.consume(queue)));
        const delivery = await one?.next();
        deepEqual([delivery && idOf(delivery), delivery?.message.headers["x"]], ["a", 1]);
        await delivery?.reject({ reason: "failed" });
        await (await two?.next())?.ack();
      },
    },
    {
      name: "bindings are there for every connection",
      needs: [needsSharedBindings],
      async run(scene) {
        const { exchange, queues } = await route(scene, "direct", ["red"]);
        const other = await scene.open();
        await other.declare({ exchanges: [{ name: exchange, type: "direct" }] });
        await other.publish([messageTo({ exchange, routingKey: "red" }, "a")]);
        deepEqual(await readyIn(scene, queues), [1]);
      },
    },
    {
      name: "an exchange declared again as another type is refused",
      async run(scene) {
        const { exchange } = await route(scene, "direct", ["red"]);
        await expectCode(
          scene.connection.declare({ exchanges: [{ name: exchange, type: "topic" }] }),
          "TOPOLOGY_MISMATCH",
        );
      },
    },
    {
      name: "a deleted queue takes its bindings with it",
      async run(scene) {
        const { exchange, queues } = await route(scene, "direct", ["red", "red"]);
        await scene.connection.admin.delete(queues[0] ?? "");
        await scene.connection.publish([messageTo({ exchange, routingKey: "red" }, "a")]);
        equal((await scene.stats(queues[1] ?? "")).ready, 1);
      },
    },
    ...["", "a b", "x;--", "../x", "__proto__", "🥬", "x".repeat(300)].map((name) => ({
      name: `an exchange named ${JSON.stringify(name.slice(0, 12))} (${name.length} characters) is refused before any I/O`,
      run: async (scene: Scene): Promise<void> => {
        await expectCode(scene.connection.declare({ exchanges: [{ name, type: "direct" }] }), "NAME_INVALID");
      },
    })),
  ],
};

/** An exchange with a fresh queue for each key. */
async function route(
  scene: Scene,
  type: ExchangeType,
  keys: readonly string[],
): Promise<{ exchange: string; queues: string[] }> {
  const exchange = scene.newName();
  const queues = await Promise.all(keys.map(() => scene.queue()));
  const bindings = queues.map((queue, index) => ({ exchange, queue, routingKey: keys[index] ?? "" }));
  await scene.connection.declare({ exchanges: [{ name: exchange, type }], bindings });
  return { exchange, queues };
}

async function readyIn(scene: Scene, queues: readonly string[]): Promise<number[]> {
  return (await scene.connection.admin.inspect(queues)).map(({ ready }) => ready);
}
