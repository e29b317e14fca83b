import type { RoutedMessage } from "@lovage/lease-engine";

import { asPublish } from "./errors.ts";
import { messageGroups } from "./message-groups.ts";
import { publishScript } from "./scripts/publish.ts";
import { enlist, type Server } from "./server.ts";

/** Writes messages in one step. */
export function publishMessages(server: Server, messages: readonly RoutedMessage[]): Promise<void> {
  const args = messageGroups(server.keys, messages, server.nowMs());
  const bases = [...new Set(messages.map(({ to }) => server.keys.base(to)))];
  return asPublish(async () => enlist(server, await server.connection().run(publishScript, bases, args)));
}
