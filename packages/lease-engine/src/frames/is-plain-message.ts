import type { RoutedMessage } from "../store.ts";

/** Whether a message has nothing but defaults: it is ready at once, in the one line that every queue has. Nearly all are such, and stores have shorter ways for them. */
export function isPlainMessage({ properties: { priority = 0, key = "" }, notBefore }: RoutedMessage): boolean {
  return priority === 0 && key === "" && notBefore === undefined;
}
