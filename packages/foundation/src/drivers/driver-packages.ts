import type { DriverKind } from "./driver.ts";

/** Which of our packages opens a scheme: `redis` stands for `@lovage/transport-redis` and `@lovage/backend-redis`. */
const stores: Readonly<Record<string, string>> = {
  redis: "redis",
  rediss: "redis",
  amqp: "amqp",
  amqps: "amqp",
  postgres: "postgres",
  postgresql: "postgres",
  sqlite: "sqlite",
  memory: "memory",
};

const known: Readonly<Record<DriverKind, ReadonlyMap<string, string>>> = {
  transport: new Map(Object.entries({ ...stores, sqs: "sqs" })),
  backend: new Map(Object.entries({ ...stores, rpc: "amqp" })),
};

/** The packages that may open a scheme, the one to prefer first. */
export function driverPackages(kind: DriverKind, scheme: string): readonly [string, ...string[]] {
  const own = known[kind].get(scheme);
  if (own !== undefined) return [`@lovage/${kind}-${own}`];
  return [`@lovage/${kind}-${scheme}`, `lovage-${kind}-${scheme}`];
}

/** The schemes that Lovage itself has drivers for. */
export function ownSchemes(kind: DriverKind): readonly string[] {
  return [...known[kind].keys()];
}

/** Whether a scheme is one that only the other kind of driver can open, such as `rpc`, which carries results alone. */
export function isOtherKind(kind: DriverKind, scheme: string): boolean {
  return !known[kind].has(scheme) && known[kind === "transport" ? "backend" : "transport"].has(scheme);
}
