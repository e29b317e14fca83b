import { hasCode } from "lovage";
import { app, gross, refund, send } from "./tasks.ts";

const called = await gross.delay(1000, 19); // an AsyncResult<number>
console.log(await called.get({ timeout: "10s" }));

const sent = await send.applyAsync(["ann@example.org"], { countdown: "100ms", priority: 9, expires: "1h" });
console.log(await sent.get({ timeout: "10s" }));

// One batch: every call is checked before the first is sent.
const many = await gross.applyMany([100, 200].map((cents): [number, number] => [cents, 19]));
console.log(await Promise.all(many.map((one) => one.get({ timeout: "10s" }))));

// Does not fit the schema: refused here, and not sent.
await refund.delay({ order: "A-1", cents: -5 }).catch((error: unknown) => {
  console.log(hasCode(error, "PAYLOAD_INVALID"));
});

// Any process can ask by the id, for as long as the result is kept.
console.log(await app.result<number>(called.id).state());

await app.close();
