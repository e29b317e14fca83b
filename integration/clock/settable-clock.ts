import { chmodSync, globSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { whyMissing } from "../services/ladder/companion.ts";

const libraries = ["/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/{lib,local/lib}/faketime/libfaketimeMT.so.1"];
const fileName = "offset";

/** Why no clock can be set here. See `whyMissing`. */
export async function whyNoSettableClock(): Promise<string | undefined> {
  return await whyMissing({ title: "libfaketime", debianPackage: "faketime", isHere });
}

function isHere(): boolean {
  return findLibrary() !== undefined;
}

/**
 * The wall clock of the programs that are started with it. It is set as a machine's is, by a step: what measures spans of time by the monotonic clock
 * notices nothing.
 */
export class SettableClock implements Disposable {
  readonly #directory = mkdtempSync(path.join(tmpdir(), "lovage-clock-"));

  constructor() {
    // Servers run as users of their own.
    chmodSync(this.#directory, 0o755);
    this.set(0);
  }

  /** What a program must have in its environment to go by this clock. */
  get env(): Readonly<Record<string, string>> {
    const library = findLibrary();
    if (library === undefined) throw new Error("libfaketime is not installed here.");
    return {
      // The libc after it gives its memory to all: Redis' jemalloc asks for the time before the library can tell it.
      LD_PRELOAD: `${library}:libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Sets it to this machine's time and so much more, in ms, for all who go by it. */
  set(offsetMs: number): void {
    // Whoever reads it in this moment finds the old offset or the new one, never an empty file.
    writeFileSync(`${this.#file}-new`, `${offsetMs < 0 ? "" : "+"}${offsetMs / 1_000}\n`);
    renameSync(`${this.#file}-new`, this.#file);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }

  get #file(): string {
    return path.join(this.#directory, fileName);
  }
}

function findLibrary(): string | undefined {
  return globSync(libraries)[0];
}
