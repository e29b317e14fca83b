/** The services that suites are run against. */
export const serviceNames = ["redis", "rabbitmq", "postgres", "sqs", "moto"] as const;

/** One of them. */
export type ServiceName = (typeof serviceNames)[number];

/** Narrows a text to the name of a service. */
export function isServiceName(text: string): text is ServiceName {
  return (serviceNames as readonly string[]).includes(text);
}
