import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { createApp } from "lovage";
import { codeOf } from "../scene/code-of.ts";

// Fills the disk that the queue is on, makes space again, and tells what happened as JSON.
const [directory = "."] = process.argv.slice(2);
const ballast = path.join(directory, "ballast");
writeFileSync(ballast, Buffer.alloc(1_000_000));
const file = path.join(directory, "queue.db");

const app = createApp({ name: "full", broker: `sqlite:${file}`, backend: `sqlite:${file}` });
const runs = new Set<number>();
const keep = app.task("keep", { ignoreResult: true }, (number: number, _load: string) => void runs.add(number));
const load = "x".repeat(16_000);
const accepted = new Set<number>();

/** Sends one call. Answers the code of the error. */
async function send(number: number): Promise<string | undefined> {
  try {
    await keep.delay(number, load);
    accepted.add(number);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

const refusals: string[] = [];
for (let number = 0; number < 1_000 && refusals.length < 3; number += 1) {
  const code = await send(number);
  if (code !== undefined) refusals.push(code);
}
rmSync(ballast);
const afterwards = (await send(2_000)) ?? "accepted";
const { ready } = await app.queue("default").stats();
const worker = app.worker();
await worker.start();
while (runs.size < accepted.size) await new Promise(setImmediate);
await worker.stop();
await app.close();
const integrity = new DatabaseSync(file).prepare("PRAGMA integrity_check").get();
const unaccepted = [...runs].filter((number) => !accepted.has(number));
console.log(JSON.stringify({ accepted: accepted.size, ready, refusals, afterwards, unaccepted, integrity }));
