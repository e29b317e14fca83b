import { randomUUID } from "node:crypto";
import type { Backend } from "@lovage/backend";
import type { Clock, Log, Timer } from "@lovage/foundation";
import type { QueueCapabilities } from "@lovage/transport";
import { keepTrying, unwanted } from "../run/keep-trying.ts";
import type { Retrying } from "../run/keep-trying.ts";
import type { TaskRun } from "../run/task-run.ts";

/** What {@link RunClaims} work with. */
export interface RunClaimsParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** What is asked of the backend again. */
  readonly retrying?: Retrying;
  readonly backend: Backend | undefined;
  readonly capabilitiesOf: (queue: string) => Pick<QueueCapabilities, "doublesWithinMs">;
}

/**
 * Whose a run is: ours; that of another copy of the message, which may be running; that of another delivery of the same copy, its double; nobody's any more, since it
 * has run. `unwanted`: our lease was lost meanwhile.
 */
export type RunOwner = "ours" | "another" | "double" | "done" | typeof unwanted;

interface Claim {
  readonly key: string;
  readonly owner: string;
  readonly withinMs: number;
  /** When it was taken or last kept, counted from before the backend was asked. */
  takenAtMs: number;
  isBeingKept: boolean;
}

/** Owner of what has run and left no result that would say so: none at all, or that of a later attempt. With the copy that has run, where copies have names. */
const done = "done";
/** How long that is remembered. */
const doneMs = 300_000;
/** How often keys are looked after at least. */
const lookMs = 1_000;
/** So often in the time that a key lasts, at least: it is kept after half of that, and a call that fails is to be made again in time. */
const looksPerWindow = 8;

/**
 * Keeps two copies of one message from running side by side, where the broker may hand out a message twice. Before a task runs it takes a key in
 * the backend, for less time than a message that was lost takes to come again, and keeps it while it runs. A copy that finds it taken is given
 * back and looks again later, so that nothing is lost whoever ends. The key tells which copy runs: a double of that one must not be given back by
 * a broker that would make another copy of it and delete what is running.
 */
export class RunClaims {
  readonly #parts: RunClaimsParts;
  readonly #windows = new Map<string, number | null>();
  readonly #claims = new Map<TaskRun, Claim>();
  #lookMs = lookMs;
  /** Counts while there are keys to look after. */
  #timer: Timer | undefined;

  constructor(parts: RunClaimsParts) {
    this.#parts = parts;
    parts.signal.addEventListener("abort", () => this.#timer?.cancel(), { once: true });
  }

  /** For how long a run is claimed, in ms; `undefined` where nobody needs to ask. */
  windowOf({ delivery: { queue } }: TaskRun): number | undefined {
    if (this.#parts.backend?.coordination === undefined) return undefined;
    let windowMs = this.#windows.get(queue);
    if (windowMs === undefined) {
      windowMs = this.#parts.capabilitiesOf(queue).doublesWithinMs ?? null;
      this.#windows.set(queue, windowMs);
      this.#lookMs = Math.min(this.#lookMs, (windowMs ?? Infinity) / looksPerWindow);
    }
    return windowMs ?? undefined;
  }

  async take(run: TaskRun, withinMs: number): Promise<RunOwner> {
    const { clock, backend } = this.#parts;
    const coordination = backend?.coordination;
    if (coordination === undefined) return "ours";
    const { copyId } = run.delivery;
    const claim: Claim = {
      key: keyOf(run),
      owner: ownerOf(copyId),
      withinMs,
      takenAtMs: clock.monotonic(),
      isBeingKept: false,
    };
    const request = { key: claim.key, owner: claim.owner, expiresInMs: withinMs };
    const claimKey = async () => {
      const there = await coordination.claimKey(request);
      if (!isOfAnother(there.owner, copyId)) return there;
      // A call that was sent again under its id, when that copy has run: it is a run of its own.
      await coordination.releaseKey(claim.key, there.owner);
      return coordination.claimKey(request);
    };
    const taken = await keepTrying(claimKey, { ...this.#parts, isWanted: () => !run.isLost });
    if (taken === unwanted) return unwanted;
    if (taken.owner === done || taken.owner === doneOf(copyId)) return "done";
    if (taken.owner !== claim.owner) return isOfCopy(taken.owner, copyId) ? "double" : "another";
    this.#claims.set(run, claim);
    this.#lookLater();
    // The worker was stopped meanwhile, and has given the message back.
    if (run.isEnded) void this.end(run, "given back");
    return "ours";
  }

  #lookLater(): void {
    const { clock, signal } = this.#parts;
    if (this.#timer !== undefined || this.#claims.size === 0 || signal.aborted) return;
    const look = (): void => {
      this.#timer = undefined;
      this.#renew();
      this.#lookLater();
    };
    this.#timer = clock.timer(this.#lookMs, look, { keepAlive: false });
  }

  /**
   * Keeps the keys of what runs, or is settled, for long: until then its lease is renewed and doubles may come. What was lost comes again, is no double, and is to find
   * its key free.
   */
  #renew(): void {
    const nowMs = this.#parts.clock.monotonic();
    for (const [run, claim] of this.#claims) {
      if (run.isLost) void this.end(run, "given back");
      if (run.isLost || claim.isBeingKept || nowMs - claim.takenAtMs < claim.withinMs / 2) continue;
      void this.#keep(claim, nowMs);
    }
  }

  /** Not kept by a call that fails: after as long again the key would have ended, and a copy have found it free. So the next look asks again. */
  async #keep(claim: Claim, nowMs: number): Promise<void> {
    const { key, owner, withinMs } = claim;
    const keep = async (): Promise<void> => {
      await this.#parts.backend?.coordination?.claimKey({ key, owner, expiresInMs: withinMs });
      claim.takenAtMs = nowMs;
    };
    claim.isBeingKept = true;
    await this.#tell(keep());
    claim.isBeingKept = false;
  }

  /** The run is settled, or its message goes back for a later one: then it may begin at once. */
  async end(run: TaskRun, how: "given back" | "succeeded" | "retried" | "otherwise"): Promise<void> {
    const claim = this.#claims.get(run);
    const coordination = this.#parts.backend?.coordination;
    this.#claims.delete(run);
    if (claim === undefined || coordination === undefined || how === "otherwise") return;
    // A result says so itself.
    if (how === "succeeded" && !run.isResultIgnored) return;
    const { key, owner } = claim;
    const free = async (): Promise<void> => {
      await coordination.releaseKey(key, owner);
      if (how !== "given back")
        await coordination.claimKey({ key, owner: doneOf(run.delivery.copyId), expiresInMs: doneMs });
    };
    await this.#tell(free());
  }

  /** Keys end by themselves, so that what fails here costs a moment of waiting or a check less. */
  async #tell(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#parts.log.debug("The key of a run could not be kept or freed.", { error });
    }
  }
}

function ownerOf(copyId: string | undefined): string {
  return copyId === undefined ? randomUUID() : `${randomUUID()}/${copyId}`;
}

function doneOf(copyId: string | undefined): string {
  return copyId === undefined ? done : `${done}/${copyId}`;
}

function isOfAnother(owner: string, copyId: string | undefined): boolean {
  return owner.startsWith(`${done}/`) && owner !== doneOf(copyId);
}

function isOfCopy(owner: string, copyId: string | undefined): boolean {
  return copyId !== undefined && owner.endsWith(`/${copyId}`);
}

/** A retry is a run of its own. */
function keyOf({ call }: TaskRun): string {
  return `run:${call.id}:${call.retries}`;
}
