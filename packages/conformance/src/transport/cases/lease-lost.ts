import { deepEqual, equal, ok } from "node:assert/strict";
import { hasCode } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, messageTo } from "../message-spec.ts";
import { needsControl } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern, TransportCase } from "../transport-case.ts";

/** A consumer that lost its lease cannot settle. */
export const leaseLostConcern: Concern = {
  name: "lease lost",
  cases: [
    {
      name: "a message whose queue was deleted cannot be settled any more, and brings no follow-ups",
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const inbox = await scene.consumeElsewhere(queue);
        const delivery = await inbox.next();
        await inbox.connection.declare({ queues: [{ name: next }] });
        await scene.connection.admin.delete(queue);
        await expectCode(delivery.ack([messageTo(next, "b")]), "LEASE_LOST");
        equal((await scene.stats(next)).ready, 0);
        equal(inbox.consumer.unsettled, 0);
      },
    },
    {
      name: "a zombie's signal is aborted within a second of its waking",
      needs: [needsControl("freeze")],
      async run(scene) {
        const { zombie, thaw } = await makeZombie(scene);
        await thaw();
        await scene.until(() => zombie.signal.aborted, "the zombie's signal", 1_000 + scene.slackMs);
        ok(hasCode(zombie.signal.reason, "LEASE_LOST"), `the reason is ${String(zombie.signal.reason)}`);
      },
    },
    {
      name: "a consumer whose broker does not answer knows when its lease has ended: signal aborted, settlement refused",
      needs: [needsControl("stall")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consumeElsewhere(queue);
        const delivery = await inbox.next();
        const resume = await scene.harness.controls?.stall?.(inbox.connection);
        const other = await scene.consume(queue);
        try {
          const endsWithinMs = scene.harness.leaseMs + 1_000 + scene.slackMs;
          await scene.until(() => delivery.signal.aborted, "the signal of what cannot be renewed", endsWithinMs);
          equal(inbox.consumer.unsettled, 0);
          await expectCode(scene.within(delivery.ack(), scene.slackMs, "an ack"), "LEASE_LOST");
          await (await other.next(scene.recoveryMs)).ack();
        } finally {
          await resume?.();
        }
        await scene.untilEmpty(queue);
      },
    },
    zombieCannot("ack", (delivery) => delivery.ack()),
    zombieCannot("release", (delivery) => delivery.release()),
    zombieCannot("reject", (delivery) => delivery.reject({ reason: "failed" })),
    {
      name: "a zombie's follow-ups are not published",
      needs: [needsControl("freeze")],
      async run(scene) {
        const next = await scene.queue();
        const { zombie, thaw, inbox } = await makeZombie(scene);
        await thaw();
        await inbox.connection.declare({ queues: [{ name: next }] });
        await expectCode(zombie.ack([messageTo(next, "b")]), "LEASE_LOST");
        equal((await scene.stats(next)).ready, 0);
      },
    },
    {
      name: "a connection that was frozen works on when it wakes",
      needs: [needsControl("freeze")],
      async run(scene) {
        const { queue, second, thaw, inbox } = await makeZombie(scene);
        await second.ack();
        await thaw();
        await scene.publish(queue, "b");
        await scene.until(() => inbox.ids.includes("b"), "the next message", scene.recoveryMs);
      },
    },
  ],
};

interface ZombieScene {
  readonly queue: string;
  readonly inbox: { readonly connection: Scene["connection"]; readonly ids: string[] };
  /** The delivery of the consumer that was stopped. */
  readonly zombie: Delivery;
  /** The delivery of the same message that another got. */
  readonly second: Delivery;
  readonly thaw: () => Promise<void>;
}

/** A consumer that was stopped while it held a message, for so long that another has it now. */
async function makeZombie(scene: Scene): Promise<ZombieScene> {
  const queue = await scene.queue();
  await scene.publish(queue, "a");
  const inbox = await scene.consumeElsewhere(queue);
  const zombie = await inbox.next();
  const thaw = await scene.harness.controls?.freeze?.(inbox.connection);
  if (thaw === undefined) throw new Error("The harness cannot freeze.");
  const other = await scene.consume(queue);
  const second = await other.next(scene.recoveryMs);
  other.consumer.setPrefetch(0);
  return { queue, inbox, zombie, second, thaw };
}

function zombieCannot(verb: string, settle: (delivery: Delivery) => Promise<void>): TransportCase {
  return {
    name: `a zombie cannot ${verb}, and who has the message now can`,
    needs: [needsControl("freeze")],
    async run(scene) {
      const { queue, zombie, second, thaw } = await makeZombie(scene);
      await thaw();
      await expectCode(settle(zombie), "LEASE_LOST");
      equal(second.signal.aborted, false);
      deepEqual([idOf(second), second.fence > zombie.fence], ["a", true]);
      await second.ack();
      await scene.untilEmpty(queue);
      equal((await scene.stats(queue)).dead ?? 0, 0);
    },
  };
}
