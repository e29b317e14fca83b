import type { ConfirmChannel } from "amqplib";

/** Properties of a message, by the protocol's names, and whether it is to be returned when no queue takes it. */
export interface PublishProperties {
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly messageId?: string | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly priority?: number | undefined;
  /** 2: it survives a restart of the broker. */
  readonly deliveryMode: 1 | 2;
  readonly mandatory?: boolean | undefined;
}

/** Where a message goes, and what it is. */
export interface Letter {
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: PublishProperties;
  readonly body: Buffer;
}

/** What `publish` of the client is made of; its types do not tell. */
interface Written {
  sendMessage(method: object, properties: object, body: Buffer): boolean;
  pushConfirmCallback(onConfirm: (error: unknown) => void): void;
}

/**
 * Publishes on a channel, as the client's own `publish` does but for one thing: that makes the headers the prototype of another object, and to
 * read them through it takes several times as long as all else of a publication.
 * @returns whether the channel has room for more
 * @throws as `publish`: on a channel that is closing
 */
export function publishOn(channel: ConfirmChannel, letter: Letter, onConfirm: (error: unknown) => void): boolean {
  const inner = channel as unknown as Written;
  const { exchange, routingKey, properties, body } = letter;
  const hasRoom = inner.sendMessage({ exchange, routingKey, mandatory: properties.mandatory }, properties, body);
  inner.pushConfirmCallback(onConfirm);
  return hasRoom;
}
