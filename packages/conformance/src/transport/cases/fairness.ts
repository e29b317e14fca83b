import { deepEqual, ok } from "node:assert/strict";
import type { Delivery } from "@lovage/transport";
import type { Inbox } from "../inbox.ts";
import { idOf, idsOf } from "../message-spec.ts";
import { needs } from "../requirement.ts";
import type { Concern } from "../transport-case.ts";

/** Keys are served round-robin. */
export const fairnessConcern: Concern = {
  name: "fairness",
  cases: [
    {
      name: "a key with one message is served soon, however large the flood of another",
      needs: [needs("fairness")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("flood", 300).map((id) => ({ id, key: "big" })));
        await scene.publish(queue, { id: "single", key: "small" });
        const inbox = await scene.consume(queue, { acks: true });
        await inbox.take(6);
        ok(inbox.ids.slice(0, 6).includes("single"), `the first are ${inbox.ids.join(", ")}`);
      },
    },
    {
      name: "messages without a key are one flow beside the keys",
      needs: [needs("fairness")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("flood", 200));
        await scene.publish(queue, { id: "single", key: "small" });
        const inbox = await scene.consume(queue, { acks: true });
        await inbox.take(6);
        ok(inbox.ids.slice(0, 6).includes("single"), `the first are ${inbox.ids.join(", ")}`);
      },
    },
    {
      name: "four keys with much work get about the same share",
      needs: [needs("fairness")],
      async run(scene) {
        const queue = await scene.queue();
        const keys = ["a", "b", "c", "d"];
        for (const key of keys) await scene.publish(queue, ...idsOf(key, 50).map((id) => ({ id, key })));
        const inbox = await scene.consume(queue, { acks: true });
        await inbox.take(80);
        const shares = keys.map((key) => countOf(inbox.deliveries.slice(0, 80), key));
        ok(Math.min(...shares) >= 12, `the shares of 80 are ${shares.join(", ")}`);
      },
    },
    {
      name: "a large prefetch is shared by the keys as well",
      needs: [needs("fairness")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("flood", 300).map((id) => ({ id, key: "big" })));
        await scene.publish(queue, ...idsOf("single", 5).map((id) => ({ id, key: id })));
        const inbox = await scene.consume(queue, { prefetch: 40 });
        await inbox.take(40);
        const singles = inbox.ids.filter((id) => id.startsWith("single"));
        deepEqual(new Set(singles), new Set(idsOf("single", 5)));
      },
    },
    {
      name: "a key that comes in the midst of a flood is served soon",
      needs: [needs("fairness")],
      async run(scene) {
        const queue = await scene.queue();
        await scene.publish(queue, ...idsOf("flood", 200).map((id) => ({ id, key: "big" })));
        const inbox = await scene.consume(queue);
        for (let served = 0; served < 20; served += 1) await (await inbox.next()).ack();
        await scene.publish(queue, { id: "single", key: "small" });
        const soon = await nextIds(inbox, 6);
        ok(soon.includes("single"), `the next are ${soon.join(", ")}`);
      },
    },
  ],
};

function countOf(deliveries: readonly Delivery[], key: string): number {
  return deliveries.filter(({ message }) => message.properties.key === key).length;
}

async function nextIds(inbox: Inbox, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const delivery = await inbox.next();
    ids.push(idOf(delivery));
    await delivery.ack();
  }
  return ids;
}
