import { deepEqual, equal, ok } from "node:assert/strict";
import { deadLetterQueueOf } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { messageTo } from "../message-spec.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** Making queues exist. */
export const declareConcern: Concern = {
  name: "declare",
  cases: [
    {
      name: "declaring a queue again, at once and from another connection, changes nothing",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const other = await scene.open();
        const again = { queues: [{ name: queue }] };
        await Promise.all([scene.connection.declare(again), scene.connection.declare(again), other.declare(again)]);
        equal((await scene.stats(queue)).ready, 1);
      },
    },
    {
      name: "a declared queue has its dead-letter queue",
      async run(scene) {
        const queue = await scene.queue();
        deepEqual((await scene.connection.admin.browse(deadLetterQueueOf(queue))).messages, []);
      },
    },
    {
      name: "publishing to a queue that this connection has not declared is refused",
      async run(scene) {
        const queue = await scene.queue();
        const other = await scene.open();
        await expectCode(other.publish([messageTo(queue, "a")]), "QUEUE_NOT_DECLARED");
        equal((await scene.stats(queue)).ready, 0);
      },
    },
    {
      name: "consuming from a queue that this connection has not declared is refused",
      async run(scene) {
        const options = { queue: scene.newName(), prefetch: 1, onDelivery: () => {} };
        await expectCode(scene.connection.consume(options), "QUEUE_NOT_DECLARED");
      },
    },
    {
      name: "many queues are declared by one call",
      async run(scene) {
        const names = await Promise.all([scene.queue(), scene.queue(), scene.queue()]);
        const other = await scene.open();
        await other.declare({ queues: names.map((name) => ({ name })) });
        await other.publish(names.map((name) => messageTo(name, `to ${name}`)));
        const stats = await scene.connection.admin.inspect(names);
        deepEqual(
          stats.map(({ queue, ready }) => [queue, ready]),
          names.map((name) => [name, 1]),
        );
      },
    },
    {
      name: "a queue of bad name is refused before any I/O, and with it the whole call",
      async run(scene) {
        const name = scene.newName();
        const call = scene.connection.declare({ queues: [{ name }, { name: "no; DROP TABLE x;--" }] });
        await expectCode(call, "NAME_INVALID");
        ok(!(await scene.connection.admin.list()).includes(name), "the good queue of a refused call was made");
      },
    },
    ...(["fairness", "priorities"] as const).map((feature) => ({
      name: `${feature} may be asked for where the transport can, and are refused at once where not`,
      async run(scene: Scene): Promise<void> {
        const name = scene.newName();
        const declared = scene.connection.declare({ queues: [{ name, [feature]: true }] });
        if (scene.capabilities[feature]) {
          await declared;
          equal(scene.connection.capabilitiesOf(name)[feature], true);
          await scene.connection.admin.delete(name);
        } else {
          await expectCode(declared, "FEATURE_UNSUPPORTED");
          ok(!(await scene.connection.admin.list()).includes(name), "the refused queue was made");
        }
      },
    })),
  ],
};
