import { setTimeout } from "node:timers/promises";
import { createApp } from "lovage";

const app = createApp({ name: "film", broker: "memory:", backend: "memory:", logLevel: "silent" });

const render = app.task("film.render", { bind: true, timeLimit: "10m" }, async (task, frames: number) => {
  for (let done = 1; done <= frames; done += 1) {
    // Throws the reason once the run is to end. Give the signal also to fetch, child processes and drivers.
    task.signal.throwIfAborted();
    await setTimeout(10);
    await task.updateState("RENDERING", { done, frames });
  }
});

await app.worker().start();

const film = await render.applyAsync([100_000], { taskId: "film-1" });
while ((await film.state()) !== "RENDERING") await setTimeout(10);
console.log(await film.cancel());
console.log(await film.get({ timeout: "10s" }).catch(String));

const limited = await render.applyAsync([100_000], { softTimeLimit: "200ms" });
console.log(await limited.get({ timeout: "10s" }).catch(String));

await app.close();
