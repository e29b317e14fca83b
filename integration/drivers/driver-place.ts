import type { CallerTransaction } from "@lovage/conformance";
import type { Connection } from "@lovage/transport";
import type { OwnServer } from "../services/service.ts";

/** Where one case is on a server that all cases of a file share: nobody else sees what it stores there. */
export interface DriverPlace {
  /** As the driver takes it; connections reach it through a proxy. @default the server's own */
  readonly url?: string;
  /** What stands beside the URL, such as a prefix of keys or a schema. @default nothing */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Lets the store's time pass without waiting. Backends only. @default real waiting */
  readonly age?: (ms: number) => Promise<void>;
  /** Begins a transaction that `publish` takes. Transports that have `capabilities.transactions`. */
  readonly begin?: (connection: Connection) => Promise<CallerTransaction>;
  /** Deliveries have `transact`. Transports only. @default false */
  readonly transacts?: boolean;
  /** A name for a queue that no other case uses. Transports only. @default the suite's own */
  readonly newName?: () => string;
  /** Removes what the case has stored. @default nothing: it ends with the server */
  readonly remove?: () => Promise<void>;
}

/**
 * Makes the place of one case.
 * @param number Is no other case's.
 */
export type MakePlace = (server: OwnServer, number: number) => DriverPlace | Promise<DriverPlace>;
