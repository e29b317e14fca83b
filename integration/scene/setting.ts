import type { SceneOptions } from "./scene.ts";

/**
 * Has a scene played where its broker is, and what was made for it alone is gone afterwards.
 * @param skip Ends the test, with the reason why there is no such place here.
 */
export type Setting = (
  play: (where: Pick<SceneOptions, "server" | "clock">) => Promise<void>,
  skip: SceneOptions["skip"],
) => Promise<void>;
