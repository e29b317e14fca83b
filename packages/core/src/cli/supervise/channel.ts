import type { Report } from "../http/report.ts";

/** What the parent tells a worker process. */
export type Order =
  | { readonly lovage: "stop"; readonly graceMs: number }
  | { readonly lovage: "leave" }
  | { readonly lovage: "report"; readonly id: number };

/** What a worker process tells the parent. */
export type Message =
  | { readonly lovage: "started" }
  | { readonly lovage: "report"; readonly id: number; readonly report: Report };

/** Whether something that came over the channel is ours: programs of the user may use the channel too. */
export function isOurs(value: unknown): boolean {
  return typeof value === "object" && value !== null && "lovage" in value;
}
