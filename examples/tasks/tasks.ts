import { createApp } from "lovage";
import { z } from "zod";

class MailServerAway extends Error {}

export const app = createApp({ name: "shop", routes: { "mail.*": "mail" } });

/** A plain task: its function gets the arguments of the call. */
export const gross = app.task("shop.gross", (cents: number, percent: number) =>
  Math.round(cents * (1 + percent / 100)),
);

/** A bound task with options: the context comes before the arguments. */
export const send = app.task(
  "mail.send",
  { bind: true, retryFor: [MailServerAway], maxRetries: 5, timeLimit: "30s" },
  (task, to: string) => {
    task.log.info("sending", { to, run: task.retries + 1 });
    return `sent to ${to}`;
  },
);

/** With a schema over the array of the arguments; the types follow from it. */
export const refund = app.task(
  "shop.refund",
  { input: z.tuple([z.object({ order: z.string(), cents: z.int().positive() })]) },
  ({ order, cents }) => `${cents} back for ${order}`,
);
