import { chain, chord, group } from "lovage";
import { app, label, net, tax, total } from "./orders.ts";

await app.worker().start();

// One after the other: each result is the first argument of the next step.
const one = await chain(net.s(1000, 3), tax.s(19), label.s("EUR")).delay();
console.log(await one.get({ timeout: "10s" }));

// Side by side: results in the order of the members.
const lines = await group([net.s(1000, 3), net.s(250, 2)]).delay();
console.log(await lines.get({ timeout: "10s" }));

// A body behind a group. Any array of signatures is a group, so a map is one as well.
const order = [1000, 2000, 3000].map((cents) => chain(net.s(cents, 2), tax.s(19)));
const sum = await chord(group(order), chain(total.s(), label.s("EUR"))).delay();
console.log(await sum.get({ timeout: "10s" }));

// What is missing is given at the call, or by the step before. Nothing is sent before `delay`.
const inEuro = chain(tax.s(19), label.s("EUR"));
const later = await inEuro.set({ countdown: "50ms" }).delay(100);
console.log(await later.get({ timeout: "10s" }));

// `si` takes nothing from the step before; the group in the middle makes a chord of what follows it.
const mixed = await chain(net.si(1, 1), group([net.si(2, 1), net.si(3, 1)]), total.s(), label.s("EUR")).delay();
console.log(await mixed.get({ timeout: "10s" }));

await app.close();
