import { writeSync } from "node:fs";
// oxlint-disable-next-line no-restricted-imports -- as with the time below
import { setTimeout as sleep } from "node:timers/promises";
import { workerData } from "node:worker_threads";
import { terminalLine } from "../../log/terminal-line.ts";
import { LoopBoard } from "./loop-board.ts";

// Only what it cannot do without is loaded here: it must be there before the task that it names is over.

/** What the thread is started with. */
export interface LoopWatchData {
  readonly isText: boolean;
  /** Fields of its lines. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly tasks: readonly string[];
  readonly memory: SharedArrayBuffer;
  readonly blockedMs: number;
}

const warning = 40;
const standardError = 2;

const { isText, fields, tasks, memory, blockedMs } = workerData as LoopWatchData;
const board = new LoopBoard(tasks, memory);

/** Written from here, because the loop that owns the log stands still. */
function warn(): void {
  // oxlint-disable-next-line no-restricted-properties -- the clock that is injected elsewhere is a module more
  const time = Date.now();
  const line = {
    level: warning,
    time,
    ...fields,
    blockedMs,
    tasks: board.read(),
    isOver: false,
    msg: "event-loop-blocked",
  };
  const json = `${JSON.stringify(line)}\n`;
  try {
    writeSync(standardError, isText ? terminalLine(json) : json);
  } catch {
    // Nobody reads the log (any more), or its pipe is full; the loop tells it again when it turns.
  }
}

let seen = board.beats;
let isTold = false;
for (;;) {
  await sleep(blockedMs);
  const { beats } = board;
  if (beats !== seen) isTold = false;
  else if (!isTold) {
    isTold = true;
    warn();
  }
  seen = beats;
}
