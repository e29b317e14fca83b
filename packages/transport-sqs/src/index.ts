export type { SqsQueueOptions } from "./queues/driver-options.ts";
export type { ParsedSqsOptions, SqsCredentials, SqsTransportOptions } from "./options.ts";
export { sqsTransport, transport } from "./transport.ts";
export type { SqsTransportOpening } from "./transport.ts";
