import { defineTask, type Task } from "lovage";

/** What sends the mail; a test gives its own. */
export interface Mailer {
  send(to: string): Promise<void>;
}

/** A task without an app of its own: services give it theirs, and so do tests. It is retried for an hour at most. */
export const remindWith = (mailer: Mailer): Task<(to: string) => Promise<string>> =>
  defineTask(
    "shop.remind",
    { retryFor: true, maxRetries: 5, retryBackoff: "1m", retryJitter: false },
    async (to: string) => {
      await mailer.send(to);
      return `reminded ${to}`;
    },
  );
