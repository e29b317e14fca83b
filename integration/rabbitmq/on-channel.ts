import { AmqpLink, amqpTarget, CallChannel } from "@lovage/client-amqp";
import type { Channel } from "@lovage/client-amqp";
import { silentLog, systemClock } from "@lovage/foundation";
import { onTestFinished } from "vitest";
import type { Server } from "../services/service.ts";

/** What an operator does to the broker beside Lovage, over a connection of its own that ends with the test. */
export async function onChannel<T>({ url }: Pick<Server, "url">, work: (channel: Channel) => Promise<T>): Promise<T> {
  const target = amqpTarget(url, {});
  const link = await AmqpLink.open({ target, clock: systemClock, log: silentLog, name: "an operator" });
  onTestFinished(async () => await link.close());
  return await new CallChannel(link).call("acting beside Lovage", work);
}
