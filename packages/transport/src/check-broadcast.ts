import { checkName } from "@lovage/foundation";
import { checkMessage } from "./check-message.ts";
import type { Message } from "./message.ts";

/** Refuses the name of a channel that not every broker takes, before any I/O. @throws NAME_INVALID */
export function checkChannel(channel: string): void {
  checkName(channel, { kind: "exchange" });
}

/**
 * Refuses, before any I/O, a broadcast that no transport may accept, as `checkMessage` does for what goes to a queue.
 * @throws NAME_INVALID, OPTION_INVALID, MESSAGE_TOO_LARGE
 */
export function checkBroadcast(channel: string, message: Message, maxMessageBytes: number): void {
  checkChannel(channel);
  // It goes at once, whatever else a message of a queue may say.
  checkMessage({ ...message, to: channel }, { maxMessageBytes, delayHorizonMs: Infinity });
}
