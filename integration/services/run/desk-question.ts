import type { OwnRung } from "../ladder/server-maker.ts";
import type { ServiceName } from "../service-name.ts";
import type { Service } from "../service.ts";

/** What a test file asks the desk of its run. */
export interface DeskQuestion {
  readonly name: ServiceName;
  /** Absent: it wants the service that all share. Else it starts a server of its own, on one of these rungs. */
  readonly rungs?: readonly OwnRung[];
}

/** Why there is none. */
export type DeskRefusal =
  /** It is not there, and nobody has demanded it: tests that need it are skipped. */
  | { readonly missing: string }
  /** It should be there: tests that need it fail. */
  | { readonly failure: string };

/** What the desk answers. */
export type DeskAnswer = { readonly service: Service } | { readonly rung: OwnRung } | DeskRefusal;
