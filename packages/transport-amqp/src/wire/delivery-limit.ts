/** Of quorum queues, from RabbitMQ 4.0 on. */
const defaultLimit = 20;
const advisedLimit = 1_000_000_000;

/** Whether a server drops from quorum queues what came back too often, where neither the queue nor a policy says otherwise. */
export function limitsDeliveries(serverVersion: string): boolean {
  return Number.parseInt(serverVersion, 10) >= 4;
}

/** What a consumer is to be told of a quorum queue that has the broker's own limit of deliveries, if its server has one. */
export function deliveryLimitWarning({
  queue,
  maxDeliveries = 0,
  serverVersion,
}: {
  readonly queue: string;
  readonly maxDeliveries: number | undefined;
  readonly serverVersion: string;
}): string | undefined {
  if (!limitsDeliveries(serverVersion)) return undefined;
  const lost = `RabbitMQ drops from queue "${queue}" what came back more than ${defaultLimit} times, as it may count at once for a message that is held while a node with more consumers than that crashes: it is lost.`;
  const unreached = maxDeliveries < defaultLimit ? "" : ` Before that maxDeliveries (${maxDeliveries}) is not reached.`;
  return `${lost}${unreached} Set a policy with delivery-limit ${advisedLimit} for the queue.`;
}
