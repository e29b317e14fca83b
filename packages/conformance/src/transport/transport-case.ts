import type { Requirement } from "./requirement.ts";
import type { Scene } from "./scene.ts";

/** One promise of the contract, as a test. */
export interface TransportCase {
  /** A sentence of behaviour. */
  readonly name: string;
  /** All of these, or it is not run. @default nothing */
  readonly needs?: readonly Requirement[];
  /** It disturbs others on the same broker, so that it cannot run beside them. @default false */
  readonly disturbs?: boolean;
  /** Rejects when the promise is broken. */
  readonly run: (scene: Scene) => Promise<void>;
}

/** The cases of one concern of the contract. */
export interface Concern {
  readonly name: string;
  readonly cases: readonly TransportCase[];
}
