import { add, app } from "./tasks.js";

const result = await add.delay(2, 3);
console.log(await result.get({ timeout: "10s" }));

await app.close();
