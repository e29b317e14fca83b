import { createApp } from "lovage";

// In memory, so that one program shows it all; with another URL the workers are processes of their own.
export const app = createApp({ name: "shop", broker: "memory:", backend: "memory:", logLevel: "silent" });

export const net = app.task("order.net", (cents: number, count: number) => {
  if (count < 1) throw new RangeError(`a count of ${count}`);
  return cents * count;
});
export const tax = app.task("order.tax", (cents: number, percent: number) => Math.round(cents * (1 + percent / 100)));
export const total = app.task("order.total", (amounts: number[]) => amounts.reduce((sum, amount) => sum + amount, 0));
export const label = app.task("order.label", (cents: number, currency: string) => `${cents / 100} ${currency}`);
export const alarm = app.task("order.alarm", (taskId: string) => `alarm for ${taskId}`);
