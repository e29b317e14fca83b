export { openOutbox } from "./open-outbox.ts";
export type { OutboxOpening } from "./open-outbox.ts";
export type { OutboxOptions } from "./options.ts";
export type { FailedCall, OutboxAdmin, OutboxStats } from "./outbox-admin.ts";
export type { OutboxConnection } from "./outbox-connection.ts";
