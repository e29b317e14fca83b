import { createApp, crontab, every } from "lovage";

export const app = createApp({ name: "shop" });

const report = app.task("shop.report", (day: string) => `report of ${day}`);
const poll = app.task("shop.poll", () => {});

app.schedule("nightly", {
  task: report,
  schedule: crontab("30 2 * * *", { timezone: "Europe/Berlin" }),
  args: ["yesterday"],
  missed: "latest",
});

app.schedule("poll", { task: poll, schedule: every("10s"), overlap: "skip", jitter: "2s" });
