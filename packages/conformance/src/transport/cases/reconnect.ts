import { deepEqual, equal } from "node:assert/strict";
import { isLovageError } from "@lovage/foundation";
import { idOf, idsOf, messageTo } from "../message-spec.ts";
import { needsControl, needsDurability } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** A connection that lost its broker comes back by itself. */
export const reconnectConcern: Concern = {
  name: "reconnect",
  cases: [
    {
      name: "consumption goes on after the link was cut",
      needs: [needsControl("cut")],
      disturbs: true,
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, {
          prefetch: 3,
          onDelivery: (each) => void each.ack().catch(() => {}),
        });
        await scene.publish(queue, "before");
        await inbox.next();
        await scene.harness.controls?.cut?.(scene.connection);
        await scene.until(() => scene.connection.state === "open", "the connection to come back", scene.recoveryMs);
        const other = await scene.open();
        await other.declare({ queues: [{ name: queue }] });
        await other.publish([messageTo(queue, "after")]);
        await scene.until(() => inbox.ids.includes("after"), "the message after the cut", scene.recoveryMs);
      },
    },
    {
      name: "what is held while the link is cut is settled, or lost with its lease; never both, never neither",
      needs: [needsControl("cut")],
      disturbs: true,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consume(queue);
        const held = await inbox.next();
        await scene.harness.controls?.cut?.(scene.connection);
        const settled = await held.ack().then(
          () => true,
          (error: unknown) => !isLovageError(error) || error.code !== "LEASE_LOST",
        );
        if (!settled) await (await inbox.next(scene.recoveryMs)).ack();
        await scene.untilEmpty(queue, scene.recoveryMs);
        equal(inbox.deliveries.length, settled ? 1 : 2);
      },
    },
    {
      name: "publishes during a cut resolve or are refused as retryable, and what resolved is there",
      needs: [needsControl("cut")],
      disturbs: true,
      async run(scene) {
        const queue = await scene.queue();
        const accepted = new Set<string>();
        const publish = async (id: string): Promise<void> => {
          try {
            await scene.publish(queue, id);
            accepted.add(id);
          } catch (error) {
            if (!isLovageError(error) || !error.retryable) throw error;
          }
        };
        const flying = idsOf("m", 30).map((id) => publish(id));
        await scene.harness.controls?.cut?.(scene.connection);
        flying.push(...idsOf("n", 30).map((id) => publish(id)));
        await scene.within(Promise.all(flying), 31_000, "all publishes to settle");
        // A transport with several links may publish by one while another is still away.
        await scene.until(() => scene.connection.state === "open", "the connection to come back", scene.recoveryMs);
        const inbox = await scene.consume(queue, { prefetch: 60, acks: true });
        await scene.until(() => [...accepted].every((id) => inbox.ids.includes(id)), "all that was accepted");
      },
    },
    {
      name: "a restarted broker has what it accepted, and consumers and declarations come back",
      needs: [needsControl("restart"), needsDurability],
      disturbs: true,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, { id: "later", notBefore: { inMs: 2_000 } }, "a", "b");
        const inbox = await scene.consume(queue, {
          prefetch: 5,
          onDelivery: (each) => void each.ack().catch(() => {}),
        });
        await inbox.take(2);
        await scene.harness.controls?.restart?.({ withData: true });
        const lateMs = scene.harness.lateAfterRestartMs ?? 0;
        await scene.until(() => inbox.ids.includes("later"), "the delayed message", 3_000 + scene.recoveryMs + lateMs);
        await scene.publish(queue, "new");
        await scene.until(() => inbox.ids.includes("new"), "a new message", scene.recoveryMs);
      },
    },
    {
      name: "dead letters survive a restart",
      needs: [needsControl("restart"), needsDurability],
      disturbs: true,
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, "a");
        const inbox = await scene.consume(queue);
        await (await inbox.next()).reject({ reason: "failed" });
        await scene.harness.controls?.restart?.({ withData: true });
        await scene.until(() => scene.connection.state === "open", "the connection to come back", scene.recoveryMs);
        const { messages } = await scene.connection.admin.browse(`${queue}.dead`);
        deepEqual([messages.length, messages[0]?.death?.reason], [1, "failed"]);
      },
    },
    {
      name: "a broker that comes back empty is given the topology again, and works for new messages",
      needs: [needsControl("restart")],
      disturbs: true,
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue, { prefetch: 5, acks: true });
        await scene.harness.controls?.restart?.({ withData: false });
        await scene.until(() => scene.connection.state === "open", "the connection to come back", scene.recoveryMs);
        await scene.publish(queue, "new");
        equal(idOf(await inbox.next(scene.recoveryMs)), "new");
      },
    },
  ],
};
