import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";
import { systemClock } from "@lovage/foundation";
import { terminalLine } from "../../log/terminal-line.ts";
import { LoopBoard } from "./loop-board.ts";

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
  const time = systemClock.now();
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
  await systemClock.sleep(blockedMs);
  const { beats } = board;
  if (beats !== seen) isTold = false;
  // Before the first turn the worker is still starting.
  else if (!isTold && beats > 0) {
    isTold = true;
    warn();
  }
  seen = beats;
}
