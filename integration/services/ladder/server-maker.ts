import type { ServiceName } from "../service-name.ts";
import type { OwnServer, Rung, ServerOptions } from "../service.ts";

/** The rungs on which a server of one's own is made. */
export type OwnRung = Exclude<Rung, "environment">;

/** A rung of the ladder on which servers are made. */
export interface ServerMaker {
  /**
   * Sees to it that servers of this kind can be started: that there is an engine and the image, or the programs.
   * @throws Error when they cannot, with the reason as one sentence
   */
  provide(name: ServiceName): Promise<void>;
  /** Starts one, after `provide`. */
  start(name: ServiceName, options?: ServerOptions): Promise<OwnServer>;
}
