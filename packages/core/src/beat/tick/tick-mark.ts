import type { Headers } from "@lovage/transport";

/** One publication of a tick: the same tick may be published again by a beat that cannot know that it was. */
export interface TickMark {
  /** Names this publication; no two have the same. */
  readonly attempt: string;
  /** How long the claim of the message that runs is kept. */
  readonly keepMs: number;
}

/** Header of a message that is a tick; tasks do not see it. */
const header = "x-lovage-tick";

/** The header of a publication. */
export function writeTick({ attempt, keepMs }: TickMark): Headers {
  return { [header]: `${attempt} ${keepMs}` };
}

/** What the header says; `undefined` for a message that is no tick. */
export function readTick(headers: Headers): TickMark | undefined {
  const value = headers[header];
  if (typeof value !== "string") return undefined;
  const [, attempt, keep] = /^(\S{1,64}) ([0-9]{1,15})$/.exec(value) ?? [];
  return attempt === undefined ? undefined : { attempt, keepMs: Number(keep) };
}

/** The key that the message of a tick takes before it runs. */
export function tickKey(taskId: string): string {
  return `tick:${taskId}`;
}
