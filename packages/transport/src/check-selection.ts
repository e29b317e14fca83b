import { checkWhole, OptionError, quoteValue } from "@lovage/foundation";

import type { MessageSelection } from "./queue-admin.ts";
import { deadLetterQueueOf, isDeadLetterQueue } from "./topology.ts";

/**
 * Refuses a selection that selects nothing that can be meant.
 * @throws OptionError (`OPTION_INVALID`)
 */
export function checkSelection(selection: MessageSelection): void {
  if ("first" in selection) checkWhole("first", selection.first, 0);
}

/**
 * Refuses to replay what is no dead-letter queue: where its messages came from cannot be told from its name, and what waits in it is alive.
 * @throws OptionError (`OPTION_INVALID`)
 */
export function checkReplay(deadLetterQueue: string, selection: MessageSelection): void {
  checkSelection(selection);
  if (isDeadLetterQueue(deadLetterQueue)) return;
  throw new OptionError(
    `Queue ${quoteValue(deadLetterQueue)} holds no dead letters; those of it are in ${quoteValue(deadLetterQueueOf(deadLetterQueue))}.`,
    { field: "deadLetterQueue" },
  );
}
