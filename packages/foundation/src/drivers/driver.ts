import type { StandardSchemaV1 } from "@standard-schema/spec";

import type { Clock } from "../time/clock.ts";
import type { Log } from "../log/log.ts";
import type { OpenSchema } from "./store-schema.ts";

/** What a driver gets from the app that opens it. */
export interface DriverContext {
  /** The app's clock; a driver takes time from nowhere else. */
  readonly clock: Clock;
  /** The app's log, already marked with the driver's part. */
  readonly log: Log;
  /** Name of the app, for the names of connections. */
  readonly name: string;
}

/** {@link DriverContext} with what is to be opened. */
export interface DriverOpening<Options> extends DriverContext {
  /** The URL as the user wrote it, with its secrets. */
  readonly url: string;
  /** The options beside the URL, as the driver's own schema gave them out. */
  readonly options: Options;
}

/**
 * What a driver package exports as `transport` or `backend`. The two contracts say what `open` gives.
 * @typeParam Options What the driver's schema gives out.
 * @typeParam Opened The opened transport or backend.
 */
export interface DriverModule<Options = unknown, Opened = unknown> {
  /** The URL schemes that this driver opens, in lower case and without the colon. */
  readonly schemes: readonly string[];
  /** Schema of the options that may stand beside `url`; refuses unknown ones. */
  readonly options: StandardSchemaV1<unknown, Options>;
  /**
   * Makes the driver ready to use. The contract says whether this connects or whether the first use does.
   * @throws OptionError (`OPTION_INVALID`) or ConfigurationError (`CONFIGURATION_INVALID`) when the URL cannot be used.
   */
  open(opening: DriverOpening<Options>): Promise<Opened>;
  /**
   * The way to the tables of the store for `lovage schema`, where it has any: `open` would make them. Absent where what `open` gives has no `schema`.
   * @throws what `open` throws
   */
  openSchema?(opening: DriverOpening<Options>): Promise<OpenSchema>;
}

/** The two kinds of driver: a transport moves messages, a backend keeps results. */
export type DriverKind = "transport" | "backend";
