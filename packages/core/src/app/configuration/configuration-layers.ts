import type { LogForm } from "../../log/open-log.ts";
import type { AppOptions } from "../app-options.ts";
import type { Configuration } from "./configuration.ts";
import { readConfigurationLayer } from "./configuration-layer.ts";
import type { ConfigurationLayer } from "./configuration-layer.ts";
import { readEnvironment, unknownVariables, variableOf } from "./environment.ts";
import { loadConfigurationFile } from "./load-configuration-file.ts";
import { resolveConfiguration } from "./resolve-configuration.ts";

/** What the command line says: options, and the module given with `-A`. */
export interface Flags {
  /** Options that stand above all others. */
  readonly options?: AppOptions;
  /** File of the app's module, where driver packages are looked for. */
  readonly module?: string;
  /** How the app's log looks. */
  readonly log?: LogForm;
}

/** The layers of an app's configuration and what comes out of them. Before `load` the file and the flags are missing. */
export class ConfigurationLayers {
  readonly #options: ConfigurationLayer;
  #flags: ConfigurationLayer = {};
  #file: ConfigurationLayer = {};
  #module: string | undefined;
  #logForm: LogForm = {};
  #configuration: Configuration;

  /** @throws CONFIGURATION_INVALID */
  constructor(options: AppOptions) {
    this.#options = readConfigurationLayer(options, { from: "createApp" });
    this.#configuration = this.#resolve();
  }

  /** What holds now. */
  get configuration(): Configuration {
    return this.#configuration;
  }

  /** File given with `-A`. */
  get module(): string | undefined {
    return this.#module;
  }

  /** How the command line wants the log. */
  get logForm(): LogForm {
    return this.#logForm;
  }

  /** Puts the command line above all. @throws CONFIGURATION_INVALID */
  override(flags: Flags): void {
    this.#flags = readConfigurationLayer(flags.options ?? {}, { from: "the command line" });
    this.#module = flags.module;
    this.#logForm = flags.log ?? {};
    this.#configuration = this.#resolve();
  }

  /** Reads the configuration file of a directory, and the environment as it is now. @throws CONFIGURATION_INVALID */
  async load(directory: string): Promise<void> {
    this.#file = await loadConfigurationFile(directory);
    this.#configuration = this.#resolve();
  }

  /** What is odd about the environment, if anything is. */
  warning(): string | undefined {
    return unknownVariables(process.env);
  }

  #resolve(): Configuration {
    const environment = readConfigurationLayer(readEnvironment(process.env), {
      from: "the environment",
      nameOf: variableOf,
    });
    return resolveConfiguration([this.#flags, this.#options, environment, this.#file]);
  }
}
