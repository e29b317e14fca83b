import { equal, ok } from "node:assert/strict";
import { hasCode } from "@lovage/foundation";
import type { Delivery, Transact } from "@lovage/transport";
import { expectCode } from "../expect-code.ts";
import { idOf, messageTo } from "../message-spec.ts";
import { needsControl, needsTransact } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** Ending a delivery in a transaction of the store's. What the work publishes in it stands for rows of the user's. */
export const transactConcern: Concern = {
  name: "transact",
  cases: [
    {
      name: "a delivery has `transact` where the harness says that it does, and nowhere else",
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        equal(delivery.transact !== undefined, scene.harness.transacts === true);
      },
    },
    {
      name: "what the work publishes, the follow-ups and the acknowledgement happen together, and its value is given",
      needs: [needsTransact],
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        const others = await scene.consume(next, { prefetch: 10 });
        const value = await transactOf(delivery)(async (transaction) => {
          await scene.connection.publish([messageTo(next, "b")], { transaction });
          await scene.always(() => others.deliveries.length === 0, "nothing before the commit");
          return { value: 7, followUps: [messageTo(next, "c")] };
        });
        equal(value, 7);
        const came = (await others.take(2)).map((each) => idOf(each));
        equal(came.toSorted().join(), "b,c");
        await scene.untilEmpty(queue);
        await expectCode(delivery.ack(), "DELIVERY_SETTLED");
        await expectCode(transactOf(delivery)(nothing), "DELIVERY_SETTLED");
      },
    },
    {
      name: "work that throws leaves nothing behind but its delivery, which can be settled still",
      needs: [needsTransact],
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const inbox = await scene.consume(queue);
        const delivery = await inbox.next();
        const others = await scene.consume(next);
        const thrown = new RangeError("on purpose");
        const failing = transactOf(delivery)(async (transaction) => {
          await scene.connection.publish([messageTo(next, "b")], { transaction });
          throw thrown;
        });
        equal(await failing.catch((error: unknown) => error), thrown);
        equal(delivery.signal.aborted, false);
        equal(inbox.consumer.unsettled, 1);
        await transactOf(delivery)(async () => await Promise.resolve({ value: 1, followUps: [messageTo(next, "c")] }));
        equal(idOf(await others.next()), "c");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a follow-up that cannot be sent undoes all of it",
      needs: [needsTransact],
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        const others = await scene.consume(next);
        const failing = transactOf(delivery)(async (transaction) => {
          await scene.connection.publish([messageTo(next, "b")], { transaction });
          return { value: 1, followUps: [messageTo(scene.newName(), "c")] };
        });
        await expectCode(failing, "QUEUE_NOT_DECLARED");
        await scene.always(() => others.deliveries.length === 0, "nothing of what was undone");
        await delivery.ack();
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a delivery that is settled while the work goes on undoes the work",
      needs: [needsTransact],
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const delivery = await (await scene.consume(queue)).next();
        const others = await scene.consume(next);
        const undone = transactOf(delivery)(async (transaction) => {
          await expectCode(transactOf(delivery)(nothing), "DELIVERY_SETTLED");
          await scene.connection.publish([messageTo(next, "b")], { transaction });
          await delivery.ack();
          return { value: 1, followUps: [messageTo(next, "c")] };
        });
        await expectCode(undone, "DELIVERY_SETTLED");
        await expectCode(delivery.release(), "DELIVERY_SETTLED");
        await scene.always(() => others.deliveries.length === 0, "nothing of what was undone");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "a lease that was lost meanwhile undoes all of it",
      needs: [needsTransact, needsControl("freeze")],
      async run(scene) {
        const [queue, next] = [await scene.queue(), await scene.queue()];
        await scene.publish(queue, "a");
        const first = await scene.consumeElsewhere(queue);
        await first.connection.declare({ queues: [{ name: next }] });
        const zombie = await first.next();
        const others = await scene.consume(next);
        const failing = transactOf(zombie)(async (transaction) => {
          await first.connection.publish([messageTo(next, "b")], { transaction });
          const thaw = await scene.harness.controls?.freeze?.(first.connection);
          const second = await (await scene.consume(queue)).next(scene.recoveryMs);
          await thaw?.();
          await transactOf(second)(nothing);
          return { value: 1, followUps: [messageTo(next, "c")] };
        });
        await expectCode(failing, "LEASE_LOST");
        await scene.always(() => others.deliveries.length === 0, "nothing of what was undone");
        await scene.untilEmpty(queue);
      },
    },
    {
      name: "work whose lease is lost is told by the signal while it goes on",
      needs: [needsTransact, needsControl("freeze")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const first = await scene.consumeElsewhere(queue);
        const zombie = await first.next();
        const failing = transactOf(zombie)(async () => {
          const thaw = await scene.harness.controls?.freeze?.(first.connection);
          await (await scene.consume(queue)).next(scene.recoveryMs);
          await thaw?.();
          await scene.until(() => zombie.signal.aborted, "the signal is aborted");
          return { value: 1 };
        });
        await expectCode(failing, "LEASE_LOST");
        ok(hasCode(zombie.signal.reason, "LEASE_LOST"), "the reason of the signal is not LEASE_LOST");
      },
    },
  ],
};

function transactOf({ transact }: Delivery): Transact {
  ok(transact !== undefined, "the delivery has no `transact`");
  return transact;
}

async function nothing(): Promise<{ value: undefined }> {
  return await Promise.resolve({ value: undefined });
}
