import type { OutgoingMessage } from "@lovage/transport";
import { describe, expect, it } from "vitest";

import { engineBench, messageOf } from "../test-support/engine-bench.ts";

const large = (id: string, bytes: number): OutgoingMessage => messageOf(id, { body: new Uint8Array(bytes) });

describe("batches of publishes", () => {
  it("never makes a batch larger than the store takes, and cuts a larger one", async () => {
    const { connection, store } = await engineBench({ facts: { maxBatch: 3 } });
    const first = connection.publish([messageOf("0")]);
    const many = connection.publish(["1", "2", "3", "4", "5", "6", "7"].map((id) => messageOf(id)));
    const last = connection.publish([messageOf("8")]);
    await Promise.all([first, many, last]);
    expect(store.published.map(({ properties }) => properties.messageId)).toEqual("012345678".split(""));
    for (const [ids] of store.callsOf("publish")) expect((ids as string[]).length).toBeLessThanOrEqual(3);
    await connection.close();
  });

  it("bounds a batch by its bytes where messages are large, and never cuts a message", async () => {
    const { connection, store } = await engineBench({ facts: { maxBatch: 10 } });
    const first = connection.publish([messageOf("0")]);
    const many = connection.publish(["1", "2", "3", "4", "5"].map((id) => large(id, 70_000)));
    const joined = ["6", "7", "8"].map((id) => connection.publish([large(id, 70_000)]));
    const huge = connection.publish([large("9", 250_000)]);
    await Promise.all([first, many, ...joined, huge]);
    expect(store.callsOf("publish").map(([ids]) => ids)).toEqual([
      ["0"],
      ["1", "2"],
      ["3", "4"],
      ["5"],
      ["6", "7"],
      ["8"],
      ["9"],
    ]);
    await connection.close();
  });
});
