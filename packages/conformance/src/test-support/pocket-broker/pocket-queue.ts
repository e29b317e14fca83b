import type { Message } from "@lovage/transport";

/** A message in a {@link PocketQueue}. */
export interface Entry {
  readonly place: number;
  readonly message: Message;
  state: "ready" | "delayed" | "unsettled";
  /** Since when it is ready, when it becomes due, or when its lease ends. */
  atMs: number;
  losses: number;
  redelivered: boolean;
  fence: number;
}

/** A queue that is a list; it looks through all of it for everything it does. */
export class PocketQueue {
  readonly name: string;
  retentionMs = 14 * 86_400_000;
  entries: Entry[] = [];
  readonly #servedAt = new Map<string, number>();
  #steps = 0;

  constructor(name: string) {
    this.name = name;
  }

  add(message: Message, nowMs: number, dueAtMs: number): void {
    this.#steps += 1;
    const state = dueAtMs > nowMs ? "delayed" : "ready";
    const atMs = Math.max(dueAtMs, nowMs);
    const born = { place: this.#steps, losses: 0, redelivered: false, fence: 0 };
    this.entries.push({ ...born, message, state, atMs });
  }

  /** What is due becomes ready, and what was leased too long is lost. */
  refresh(nowMs: number): void {
    for (const entry of this.entries) {
      if (entry.state === "ready" || entry.atMs > nowMs) continue;
      if (entry.state === "unsettled") Object.assign(entry, { losses: entry.losses + 1, redelivered: true });
      entry.state = "ready";
    }
  }

  /** Ready messages as they would be delivered if each key were served in turn. */
  ready(): Entry[] {
    return this.inState("ready").toSorted(
      (one, two) => priority(two) - priority(one) || this.#turn(one) - this.#turn(two) || one.place - two.place,
    );
  }

  inState(state: Entry["state"]): Entry[] {
    return this.entries.filter((entry) => entry.state === state).toSorted((one, two) => one.place - two.place);
  }

  lease(entry: Entry, endsAtMs: number): void {
    this.#steps += 1;
    this.#servedAt.set(keyOf(entry), this.#steps);
    Object.assign(entry, { state: "unsettled", atMs: endsAtMs, fence: this.#steps });
  }

  remove(entry: Entry): void {
    this.entries = this.entries.filter((each) => each !== entry);
  }

  #turn(entry: Entry): number {
    return this.#servedAt.get(keyOf(entry)) ?? 0;
  }
}

function priority({ message }: Entry): number {
  return message.properties.priority ?? 0;
}

function keyOf({ message }: Entry): string {
  return message.properties.key ?? "";
}
