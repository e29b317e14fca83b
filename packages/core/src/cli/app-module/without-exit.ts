import { exitCode } from "../exit-code.ts";

/** Runs what runs the user's modules: if one of them ends the process meanwhile, that is told, and is no success. */
export async function withoutExit<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  const onExit = (): void => {
    process.stderr.write(
      `lovage: ${file}, or what it imports, ended the process (process.exit) while the app was loaded. Give --app a module that makes the app and does nothing else.\n`,
    );
    process.exitCode ||= exitCode.failure;
  };
  // What nobody catches ends the process as well, and Node tells of it.
  const onCrash = (): void => void process.off("exit", onExit);
  process.once("exit", onExit);
  process.once("uncaughtExceptionMonitor", onCrash);
  try {
    return await work();
  } finally {
    process.off("exit", onExit);
    process.off("uncaughtExceptionMonitor", onCrash);
  }
}
