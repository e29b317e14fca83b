import { SettableClock, whyNoSettableClock } from "../clock/settable-clock.ts";
import type { StartServer } from "../services/describe-own-server.ts";
import type { Setting } from "./setting.ts";

/**
 * A scene of its own server and clock: those of a scene before would find the time set back.
 * @param start Absent where the broker has no server: its programs go by the clock.
 */
export function onSettableClock(start?: StartServer): Setting {
  return async (play, skip) => {
    const missing = await whyNoSettableClock();
    if (missing !== undefined) skip(missing);
    using clock = new SettableClock();
    if (start === undefined) return await play({ server: undefined, clock });
    await using server = await start({ clock });
    await play({ server, clock });
  };
}
