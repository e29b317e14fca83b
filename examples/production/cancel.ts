import { app } from "./tasks.ts";

for (const id of process.argv.slice(2)) {
  console.log(id, (await app.result(id).cancel()) ? "cancelled" : "had ended before");
}

await app.close();
