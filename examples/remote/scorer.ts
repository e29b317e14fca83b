import { createApp } from "lovage";
import { z } from "zod";

// The service that has the task. It could as well be written in Python.
export const app = createApp({ name: "ml" });

/** How many words a text has. The schema checks what arrives, whoever sent it. */
export const score = app.task("ml.score", { queue: "ml", input: z.tuple([z.string().min(1)]) }, (text) => {
  return text.split(/\s+/u).length;
});
