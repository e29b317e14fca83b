import { eventually } from "../../processes/eventually.ts";
import type { PythonProcess } from "./python-process.ts";

/** A task, or several in an order, as `drive.py` builds them. */
export type Canvas =
  | {
      readonly task: string;
      readonly args?: readonly unknown[];
      readonly kwargs?: Readonly<Record<string, unknown>>;
      readonly options?: Readonly<Record<string, unknown>>;
      readonly immutable?: boolean;
      readonly link_error?: Canvas;
    }
  | { readonly chain: readonly Canvas[] }
  | { readonly group: readonly Canvas[] }
  | { readonly chord: readonly Canvas[]; readonly body: Canvas };

/** What Python's `AsyncResult` told. */
export interface PythonResult {
  readonly state: string;
  readonly value?: unknown;
  readonly error?: { readonly type: string; readonly args: readonly string[] };
  readonly traceback?: string | null;
  /** It was there, and Celery was not woken by it. */
  readonly missed?: boolean;
}

/** How a call is sent from Python; the names are Celery's. `eta_in` is in seconds from now. */
export interface PythonSend {
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly options?: Readonly<Record<string, unknown>>;
}

const startMs = 60_000;
const answerMs = 90_000;

/** A Python program that sends and reads as the test tells it. */
export class PythonDriver {
  readonly #process: PythonProcess;
  #asked = 0;

  constructor(process: PythonProcess) {
    this.#process = process;
  }

  /** Resolves when it listens. */
  async ready(): Promise<void> {
    await this.#process.child.waitForLog(/"ready": true/u, startMs);
  }

  /** Sends a task by its name; answers with its id. */
  async send(task: string, { args = [], kwargs = {}, options = {} }: PythonSend = {}): Promise<string> {
    const { id } = (await this.#ask({ do: "send", task, args, kwargs, options })) as { readonly id: string };
    return id;
  }

  /** Sends a workflow; answers with the id of its result, and those of a group's members. */
  async canvas(canvas: Canvas): Promise<{ readonly id: string; readonly members?: readonly string[] }> {
    return (await this.#ask({ do: "canvas", canvas })) as { readonly id: string };
  }

  /** Waits for a result, as `AsyncResult.get` does. */
  async get(id: string, timeoutSeconds = 60): Promise<PythonResult> {
    return (await this.#ask({ do: "get", id, timeout: timeoutSeconds })) as PythonResult;
  }

  /** The state of a result now. */
  async state(id: string): Promise<string> {
    return String(await this.#ask({ do: "state", id }));
  }

  /** Tells all workers not to run a task. */
  async revoke(id: string): Promise<void> {
    await this.#ask({ do: "revoke", id });
  }

  async #ask(command: Readonly<Record<string, unknown>>): Promise<unknown> {
    const { child } = this.#process;
    this.#asked += 1;
    const place = this.#asked;
    child.write(`${JSON.stringify(command)}\n`);
    const what = `the answer of Python to ${JSON.stringify(command)}`;
    const lines = (): string[] => child.log.split("\n").filter((line) => /^\{"(?:answer|failure)"/u.test(line));
    const line = await eventually(() => lines()[place - 1], { what, withinMs: answerMs, describe: () => child.log });
    const { answer, failure } = JSON.parse(line) as { readonly answer?: unknown; readonly failure?: string };
    if (failure !== undefined) throw new Error(`Python could not do ${JSON.stringify(command)}:\n${failure}`);
    return answer;
  }
}
