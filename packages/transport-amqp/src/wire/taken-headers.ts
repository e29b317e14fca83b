/** Headers of ours, each with what it says in {@link Marks} or in the properties. */
export const names = {
  key: "x-lovage-key",
  losses: "x-lovage-losses",
  of: "x-lovage-of",
  deliveries: "x-lovage-deliveries",
  rest: "x-lovage-rest",
  renewal: "x-lovage-renewal",
} as const;
const ownNames: ReadonlySet<string> = new Set(Object.values(names));

/** Written by RabbitMQ when a message goes through the ladder; a message that keeps it is dropped when it comes there again. */
const brokersOwn = /^x-(?:death|delivery-count|acquired-count|(?:first|last)-death-(?:exchange|queue|reason))$/;
/** Read by the exchanges of the ladder, which look at no header that begins with "x-". */
const laddersOwn = /^lovage-(?:delay-(?:\d+|celery)|to-exchange)$/;
/** Further queues to put a message into: carried out once it is here, and what it says would be done again for each copy. */
const commands: ReadonlySet<string> = new Set(["CC", "BCC"]);

/** Whether a header is none of its sender's: this driver, or the broker, writes or reads it. */
export function isTaken(name: string): boolean {
  if (name.startsWith("x-")) return ownNames.has(name) || brokersOwn.test(name);
  return commands.has(name) || (name.startsWith("lovage-") && laddersOwn.test(name));
}
