import { ConfigurationError } from "@lovage/foundation";
import type { App } from "../../app/app.ts";
import type { AppOptions } from "../../app/app-options.ts";
import { readUrls } from "../../app/configuration/read-urls.ts";
import { isApp, overrideConfiguration } from "../../app/runtime-of.ts";
import type { GlobalOptions } from "../global-options.ts";
import { untilIdle } from "../process/until-idle.ts";
import { chooseApp } from "./choose-app.ts";
import { findAppFile } from "./find-app-file.ts";
import { importAppModule } from "./import-app-module.ts";
import { withoutExit } from "./without-exit.ts";

/** The app of a command line, loaded. */
export interface OpenApp {
  readonly app: App;
  /** File that it came from. */
  readonly file: string;
}

/**
 * Loads the app that `--app` names, with the command line above its configuration. Nothing is connected yet.
 * @param fields Fields of every line of its log.
 * @throws CONFIGURATION_INVALID that says what to write
 */
export async function openApp(flags: GlobalOptions, fields?: Readonly<Record<string, unknown>>): Promise<OpenApp> {
  const file = findAppFile(flags.app, process.cwd());
  return withoutExit(file, () => loadApp(file, flags, fields));
}

async function loadApp(
  file: string,
  flags: GlobalOptions,
  fields: Readonly<Record<string, unknown>> | undefined,
): Promise<OpenApp> {
  const app = chooseApp(await importAppModule(file), { file, isApp });
  overrideConfiguration(app, { module: file, options: overrides(flags), log: { format: flags.logFormat, fields } });
  await untilIdle(
    () => app.ready(),
    () =>
      new ConfigurationError(
        `App "${app.name}" does not become ready: a top-level await in a module of its \`tasks\` or \`include\`, or in lovage.config, waits for what never comes.`,
      ),
  );
  return { app, file };
}

/** Loads the app, does some work with it, and lets go of it. */
export async function withApp(flags: GlobalOptions, work: (app: App) => Promise<void>): Promise<void> {
  const { app } = await openApp(flags);
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

function overrides({ broker, resultBackend, loglevel }: GlobalOptions): AppOptions {
  return {
    ...(broker === undefined ? {} : { broker: readUrls(broker) }),
    ...(resultBackend === undefined ? {} : { backend: readUrls(resultBackend) }),
    ...(loglevel === undefined ? {} : { logLevel: loglevel }),
  };
}
