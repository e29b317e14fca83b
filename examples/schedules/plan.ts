import { at, crontab, every } from "lovage";
import { app } from "./tasks.ts";

// When the clocks go forward, half past two comes at three; when they go back, it comes once.
const nightly = crontab("30 2 * * *", { timezone: "Europe/Berlin" });
for (const day of ["2026-03-29", "2026-03-30", "2026-10-25", "2026-10-26"]) {
  const next = nightly.next(Date.parse(`${day}T00:00:00+01:00`));
  console.log(next && new Date(next).toISOString());
}

// Schedules of the store are changed while everything runs.
await app.schedules.set("launch", {
  task: "shop.report",
  schedule: at(new Date("2030-01-01T00:00:00Z")),
  args: ["all"],
});
await app.schedules.set("often", { task: "shop.poll", schedule: every("1m") });
await app.schedules.pause("often");
for (const { name, source, isPaused } of await app.schedules.list()) console.log(name, source, isPaused);
await app.schedules.remove("launch");
await app.schedules.remove("often");

await app.close();
