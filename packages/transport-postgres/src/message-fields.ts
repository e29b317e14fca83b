import type { PostgresValue } from "@lovage/client-postgres";
import { asBuffer } from "@lovage/foundation";
import { encodeFrame, type RoutedMessage } from "@lovage/lease-engine";

const furthestMs = Number.MAX_SAFE_INTEGER;

/** One message as the functions of the schema take it that insert one. */
export function messageFields(message: RoutedMessage): readonly PostgresValue[] {
  const { priority = null, key = null } = message.properties;
  // Other libraries than pg know bytes as a Buffer only.
  const frame = asBuffer(encodeFrame(message));
  return [message.to, frame, priority, key, delayOf(message) ?? null, instantOf(message) ?? null];
}

/** SQL for the parameters of {@link messageFields}. */
export const fieldPlaceholders = "$1, $2::bytea, $3::int, $4, $5::bigint, $6::bigint";

/** In how many ms the message is due, where it counts from its arrival. */
export function delayOf({ notBefore }: RoutedMessage): number | undefined {
  return notBefore !== undefined && "inMs" in notBefore ? clamp(notBefore.inMs) : undefined;
}

/** When the message is due, where that is an instant. */
export function instantOf({ notBefore }: RoutedMessage): number | undefined {
  return notBefore !== undefined && "atMs" in notBefore ? clamp(notBefore.atMs) : undefined;
}

/** Half of what is safe: the server adds its own time to it. */
function clamp(ms: number): number {
  return Math.ceil(Math.min(Math.max(ms, -furthestMs / 2), furthestMs / 2));
}
