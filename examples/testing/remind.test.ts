import { createTestApp } from "@lovage/testing";
import { expect, test } from "vitest";
import { remindWith } from "./remind.ts";

test("a reminder is sent an hour later", async () => {
  const sent: string[] = [];
  const remind = remindWith({ send: async (to) => void sent.push(to) });
  await using tested = await createTestApp({ tasks: [remind] });

  const result = await remind.applyAsync(["ada@example.org"], { countdown: "1h" });
  await tested.advance("59m");
  expect(sent).toEqual([]);
  await tested.run();
  expect(sent).toEqual(["ada@example.org"]);
  expect(await result.get()).toBe("reminded ada@example.org");
});

test("a mail server that is away for some minutes loses no reminder", async () => {
  let backAtMs = Infinity;
  const remind = remindWith({
    send: async () => {
      if (tested.clock.now() < backAtMs) throw new Error("the mail server is away");
    },
  });
  await using tested = await createTestApp({ tasks: [remind] });
  backAtMs = tested.clock.now() + 5 * 60_000;

  const result = await remind.delay("ada@example.org");
  await tested.run();
  expect(await result.get()).toBe("reminded ada@example.org");
  // At once, and after waits of 1, 2 and 4 minutes.
  expect(tested.clock.now() - backAtMs).toBeGreaterThanOrEqual(2 * 60_000);
});

test("a worker that crashes loses no reminder", async () => {
  const sent: string[] = [];
  const remind = remindWith({
    send: async (to) => {
      await tested.clock.sleep(1_000);
      sent.push(to);
    },
  });
  await using tested = await createTestApp({ tasks: [remind], worker: false });
  const first = await tested.startWorker();

  const result = await remind.delay("ada@example.org");
  await tested.advance("500ms");
  first.crash();
  await tested.startWorker();
  await tested.run();
  expect(await result.get()).toBe("reminded ada@example.org");
});
