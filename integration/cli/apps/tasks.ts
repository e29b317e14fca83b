import { appendFileSync, existsSync } from "node:fs";
import { createApp } from "lovage";
import { z } from "zod";

/** The app of these tests. Broker and backend are the embedded file in the working directory; `ledger.txt` there tells what ran. */
export const app = createApp({ name: "shop", shutdownGrace: "20s" });

function note(what: string): void {
  appendFileSync("ledger.txt", `${what} ${process.pid}\n`);
}

// What a user's module leaves open keeps no command from ending.
setInterval(() => {}, 60_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

app.task("shop.add", (x: number, y: number): number => x + y);

app.task("shop.mail", { input: z.tuple([z.email()]) }, (to) => `sent to ${to}`);

app.task("shop.fail", () => {
  throw new RangeError("no stock at redis://shop:geheim@db/0");
});

/** Runs until the test lets it go on, by a file. */
app.task("shop.hold", async (id: number) => {
  note(`start-${id}`);
  while (!existsSync("go-on")) await pause(20);
  note(`end-${id}`);
  return id;
});

/** Obeys no signal: runs until its process ends. */
app.task("shop.stubborn", { bind: true }, async (task, id: number) => {
  note(`start-${id}`);
  task.signal.addEventListener("abort", () => note(`abort-${id}`));
  await new Promise<void>((resolve) => void setTimeout(resolve, 600_000));
});

app.task("shop.block", (ms: number) => {
  const endAtMs = Date.now() + ms;
  while (Date.now() < endAtMs);
  return ms;
});

app.task("shop.stray-rejection", async () => {
  void pause(50).then(() => {
    throw new Error("stray rejection");
  });
  await new Promise<void>((resolve) => void setTimeout(resolve, 600_000));
});

app.task("shop.stray-throw", async () => {
  setTimeout(() => {
    throw new Error("stray throw");
  }, 50);
  await new Promise<void>((resolve) => void setTimeout(resolve, 600_000));
});
