import { equal } from "node:assert/strict";
import { expectCode } from "../expect-code.ts";
import { idOf, messageTo } from "../message-spec.ts";
import { needsTransactions } from "../requirement.ts";
import type { Scene } from "../scene.ts";
import type { Concern } from "../transport-case.ts";

/** Publishing in a transaction of the caller's. */
export const transactionsConcern: Concern = {
  name: "transactions",
  cases: [
    ...(["a string", 7, {}, [], () => {}] as const).map((transaction) => ({
      name: `${typeof transaction === "string" ? transaction : `a ${describeKind(transaction)}`} in place of a transaction is refused before any I/O`,
      async run(scene: Scene): Promise<void> {
        const queue = await scene.queue();
        const refused = scene.connection.publish([messageTo(queue, "a")], { transaction });
        await expectCode(refused, "TRANSACTION_UNSUPPORTED");
        await scene.untilEmpty(queue);
      },
    })),
    {
      name: "what was published in a transaction is there after its commit, and not before",
      needs: [needsTransactions],
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue);
        const caller = await scene.harness.begin?.(scene.connection);
        await scene.connection.publish([messageTo(queue, "a")], { transaction: caller?.transaction });
        await scene.always(() => inbox.deliveries.length === 0, "nothing before the commit");
        await caller?.commit();
        equal(idOf(await inbox.next()), "a");
      },
    },
    {
      name: "what was published in a transaction that is rolled back was never there",
      needs: [needsTransactions],
      async run(scene) {
        const queue = await scene.queue();
        const inbox = await scene.consume(queue);
        const caller = await scene.harness.begin?.(scene.connection);
        await scene.connection.publish([messageTo(queue, "a")], { transaction: caller?.transaction });
        await caller?.rollback();
        await scene.publish(queue, "b");
        equal(idOf(await inbox.next()), "b");
      },
    },
  ],
};

function describeKind(value: unknown): string {
  if (typeof value === "function") return "function";
  return Array.isArray(value) ? "list" : `plain ${typeof value}`;
}
