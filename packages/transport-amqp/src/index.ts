export type { AmqpQueueOptions, AmqpTransportOptions, QueueType } from "./options.ts";
export { amqpTransport, transport } from "./transport.ts";
export type { AmqpTransportOpening } from "./transport.ts";
