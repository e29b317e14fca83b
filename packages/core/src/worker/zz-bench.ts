import { silentLog } from "@lovage/foundation";
import { createApp } from "../app/create-app.ts";
import { runtimeOf } from "../app/runtime-of.ts";
import { createWorker } from "./worker.ts";
const N = 200_000;
const isAsync = process.argv[2] === "async";
const results = process.argv[3] === "results";
const app = createApp({ broker: "memory://a", backend: "memory://a", log: silentLog });
let done = 0; let finish: () => void = () => {};
const noop = app.task("noop", { ignoreResult: !results }, isAsync ? async (x: number) => { if (++done === N) finish(); } : (x: number) => { if (++done === N) finish(); });
for (let round = 0; round < 5; round++) {
  done = 0;
  let t = performance.now();
  const args = Array.from({ length: 1000 }, (_, i) => [i] as [number]);
  for (let i = 0; i < N; i += 1000) await noop.applyMany(args);
  const enq = performance.now() - t;
  const w = createWorker(runtimeOf(app), {});
  t = performance.now();
  const all = new Promise<void>((r) => (finish = r));
  await w.start();
  await all;
  const took = performance.now() - t;
  await w.stop();
  console.log(`enqueue ${Math.round(N / enq)}k/s  drain ${Math.round(N / took)}k/s settle ${Math.round(N/(performance.now()-t))}k/s`, Math.round(process.memoryUsage().rss/1e6)+"MB");
}
await app.close();
