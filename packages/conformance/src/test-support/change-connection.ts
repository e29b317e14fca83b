import type { BrowsedMessage, Connection, Consumer, Delivery, OutgoingMessage } from "@lovage/transport";
import { override } from "./override.ts";

/** Makes a connection of another kind out of a good one. */
export type Wrap = (connection: Connection) => Connection;

/** Changes every delivery before the consumer sees it. */
export function deliveries(change: (delivery: Delivery) => Partial<Delivery>): Wrap {
  return (inner) =>
    override(inner, {
      consume: (options) =>
        inner.consume({ ...options, onDelivery: (each) => options.onDelivery(override(each, change(each))) }),
    });
}

/** Changes every consumer. */
export function consumers(change: (consumer: Consumer) => Partial<Consumer>): Wrap {
  return (inner) =>
    override(inner, {
      consume: async (options) => {
        const consumer = await inner.consume(options);
        return override(consumer, change(consumer));
      },
    });
}

/** Changes every message on its way to the broker, follow-ups of `ack` too. */
export function messages(change: (message: OutgoingMessage) => OutgoingMessage): Wrap {
  return (inner) => {
    const changed = override(inner, { publish: (batch, options) => inner.publish(batch.map(change), options) });
    return deliveries((delivery) => ({ ack: (followUps) => delivery.ack(followUps?.map(change)) }))(changed);
  };
}

/** Changes what `browse` shows. */
export function browsing(change: (shown: BrowsedMessage) => BrowsedMessage): Wrap {
  return (inner) => {
    const browse: typeof inner.admin.browse = async (queue, options) => {
      const page = await inner.admin.browse(queue, options);
      return { ...page, messages: page.messages.map(change) };
    };
    return override(inner, { admin: override(inner.admin, { browse }) });
  };
}
