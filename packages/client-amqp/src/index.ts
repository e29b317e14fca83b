export { AmqpError, isAmqpError, toAmqpError } from "./amqp-error.ts";
export type { AmqpErrorKind } from "./amqp-error.ts";
export { AmqpLink } from "./amqp-link.ts";
export type { LinkOptions, LinkState } from "./amqp-link.ts";
export { amqpOptionNames, amqpOptions, amqpTarget } from "./amqp-options.ts";
export type { AmqpOptions, AmqpOptionsShape, AmqpTarget, ParsedAmqpOptions } from "./amqp-options.ts";
export type { AmqpSession } from "./amqp-session.ts";
export type { AmqpHost, AmqpLocation } from "./amqp-url.ts";
export { CallChannel } from "./call-channel.ts";
export { ConfirmPublisher } from "./confirm-publisher.ts";
export type { PublisherOptions } from "./confirm-publisher.ts";
export { patience } from "./patience.ts";
export type { Posting } from "./posting.ts";
export { headerNumber } from "./header-number.ts";
export type { PublishProperties } from "./publish-on.ts";
// The channels and messages of the client, for the two drivers alone.
export type { Channel, ConsumeMessage, GetMessage, Options } from "amqplib";
