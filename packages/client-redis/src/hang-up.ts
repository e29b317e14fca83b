import type { Redis } from "ioredis";

/** Ends a connection at once, and the calls under way with it: by itself the client leaves the server two seconds to say goodbye, which it may not be there to do. */
export function hangUp(client: Redis): void {
  // It would set a timer for a socket that has ended already.
  if (client.status !== "end") client.disconnect();
  const stream = client.stream as Redis["stream"] | undefined;
  stream?.destroy();
}
