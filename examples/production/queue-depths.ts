import { app } from "./tasks.ts";

// Once a minute, say, in a program of your own: what the workers' /metrics do not tell.
for (const name of ["default"]) {
  const { ready, dead = 0, oldestReadyMs = 0 } = await app.queue(name).stats();
  console.log(`${name}: ${ready} wait, the oldest for ${Math.round(oldestReadyMs / 1000)} s, ${dead} dead letters`);
}

await app.close();
