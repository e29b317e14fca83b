import { concerns } from "./concerns.ts";
import type { Concern, TransportCase } from "./transport-case.ts";

/** What a case is called where concerns are mixed. */
export function titleOf({ name }: Concern, testCase: TransportCase): string {
  return `${name}: ${testCase.name}`;
}

/** @throws Error for a title that no case has (any more): the exception would outlive its case */
export function checkExceptions(except: Readonly<Record<string, string>>): void {
  const titles = new Set(concerns.flatMap((concern) => concern.cases.map((testCase) => titleOf(concern, testCase))));
  const unknown = Object.keys(except).filter((title) => !titles.has(title));
  if (unknown.length > 0) throw new Error(`No case is called ${unknown.map((title) => `"${title}"`).join(", ")}.`);
}
