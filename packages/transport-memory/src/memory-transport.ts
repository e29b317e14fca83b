import type { Clock, Log } from "@lovage/foundation";
import { OptionError, silentLog, systemClock, validate } from "@lovage/foundation";
import { leaseSettings, openLeaseConnection } from "@lovage/lease-engine";
import type { Connection, TransportOpening } from "@lovage/transport";

import { MemoryStore } from "./memory-store.ts";
import type { MemoryOptions, ParsedMemoryOptions } from "./options.ts";
import { memoryOptions } from "./options.ts";

/** What {@link memoryTransport} opens. */
export interface MemoryTransportSettings extends MemoryOptions, Pick<TransportOpening<unknown>, "onState"> {
  /** Connections of the same name and clock share a broker. @default "" (the one of `memory:`) */
  readonly name?: string | undefined;
  /** @default the machine's clock */
  readonly clock?: Clock | undefined;
  /** Runs the timers of this connection alone, on the same time: one that stops makes of it a process that hangs. @default `clock` */
  readonly timers?: Clock | undefined;
  /** @default a log that writes nothing */
  readonly log?: Log | undefined;
}

/**
 * A connection to a broker in this process, to be given to an app as its `broker`.
 * @throws OPTION_INVALID
 */
export async function memoryTransport(settings: MemoryTransportSettings = {}): Promise<Connection> {
  const { name = "", clock = systemClock, timers = clock, log = silentLog, onState, ...options } = settings;
  const parsed = await readMemoryOptions(options, "memoryTransport");
  const opening = { clock: timers, log, name, ...(onState && { onState }) };
  return await openLeaseConnection({ store: new MemoryStore(name, clock), opening, settings: leaseSettings(parsed) });
}

/**
 * Options as the schema gives them out.
 * @param whose Whom they were given to, for the error.
 * @throws OPTION_INVALID
 */
export async function readMemoryOptions(options: unknown, whose: string): Promise<ParsedMemoryOptions> {
  const parsed = await validate(memoryOptions, options);
  if (parsed.issues === undefined) return parsed.value;
  throw new OptionError(`${whose} has a bad option: ${parsed.issues.join("; ")}`, { field: "broker" });
}
