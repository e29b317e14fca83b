import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program of its own that uses a backend. */
export interface Child {
  /** Lets it do what it was started for. */
  go(): void;
  /** The next thing it prints. */
  read(): Promise<unknown>;
  /** Lets it end by itself; resolves with its exit code. */
  end(): Promise<number | null>;
  /** Kills it without warning. */
  kill(): Promise<void>;
}

/** Starts the test program on a file, ready to go. */
export async function startChild(...args: string[]): Promise<Child> {
  const program = new URL("child-program.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, ["--conditions=source", program, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const exited = once(child, "exit") as Promise<[number | null]>;
  const read = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error(`The program ended before it printed: ${args.join(" ")}`);
    return JSON.parse(value);
  };
  await read();
  return {
    go: () => child.stdin.write("go\n"),
    read,
    end: async () => {
      child.stdin.end();
      return (await exited)[0];
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}
