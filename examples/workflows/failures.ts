import { chain, chord, group } from "lovage";
import { alarm, app, label, net, tax, total } from "./orders.ts";

await app.worker().start();
const timeout = "10s";

// A step that fails for good ends those behind it with its error. The errback gets the id of the task that failed.
const first = net.s(1000, 0).set({ taskId: "net-1" });
const steps = chain(first, tax.s(19), label.s("EUR")).onError(alarm.s().set({ taskId: "alarm-1" }));
const last = await steps.delay();
console.log(await last.get({ timeout }).catch(String));
console.log(await app.result("alarm-1").get({ timeout }));

// In a group the others go on; each member has a result of its own.
const lines = await group([net.s(1000, 0), net.s(250, 2)]).delay();
console.log(await lines.get({ timeout }).catch(String));
console.log(await lines.results[1].get({ timeout }));

// When all members of a chord have ended, and one has failed, the body ends with a ChordError instead of running.
const header = group([net.s(1000, 0).set({ taskId: "net-2" }), net.s(250, 2)]);
const body = total
  .s()
  .set({ taskId: "total-1" })
  .onError(alarm.s().set({ taskId: "alarm-2" }));
const sum = await chord(header, body).delay();
console.log(await sum.get({ timeout }).catch(String));
console.log(await app.result("alarm-2").get({ timeout }));

const { dead } = await app.queue("default").stats();
console.log(`dead letters: ${dead}`);
await app.close();
