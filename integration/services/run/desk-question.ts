import type { OwnRung } from "../ladder/server-maker.ts";
import type { ServiceName } from "../service-name.ts";
import type { Service } from "../service.ts";

/** What a test file asks the desk of its run. */
export interface DeskQuestion {
  readonly name: ServiceName;
  /** Absent: it wants the service that all share, be it the environment's. Else a server that is made, on one of these rungs. */
  readonly rungs?: readonly OwnRung[];
  /** Whether the server that is made is the run's, for all who ask like this. @default it starts one of its own */
  readonly isShared?: boolean;
  /** A program that is run on that shared server, and its arguments. */
  readonly command?: readonly [program: string, ...args: readonly string[]];
}

/** Why there is none. */
export type DeskRefusal =
  /** It is not there, and nobody has demanded it: tests that need it are skipped. */
  | { readonly missing: string }
  /** It should be there, or has failed: tests that need it fail. */
  | { readonly failure: string };

/** What the desk answers. */
export type DeskAnswer =
  | { readonly service: Service }
  | { readonly rung: OwnRung }
  /** What the program has printed. */
  | { readonly output: string }
  | DeskRefusal;
