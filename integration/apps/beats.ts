import { appendFileSync } from "node:fs";
import { createApp, every } from "lovage";

/** An app with one schedule, whose every run writes a line into `runs.txt` in the working directory: the tick, and when it ran. */
export const app = createApp({ name: "beats" });

export const note = app.task("beats.note", { bind: true }, ({ headers }) => {
  appendFileSync("runs.txt", `${headers["scheduled_at"] as string} ${Date.now()}\n`);
});

app.schedule("notes", { task: note, schedule: every("500ms") });
