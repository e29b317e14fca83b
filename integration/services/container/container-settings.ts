import { postgresSettings } from "../postgres/postgres-settings.ts";
import { redisPersistence } from "../redis/redis-persistence.ts";
import type { ServiceName } from "../service-name.ts";

/** How the settings of a test reach the server in a container. */
export interface ContainerSettings {
  /** Its command line. Absent: that of the image. */
  readonly command?: readonly string[];
  /** Files that it finds. */
  readonly files?: readonly { readonly target: string; readonly content: string }[];
}

const forms: Readonly<Record<ServiceName, (settings: readonly string[]) => ContainerSettings>> = {
  redis: (settings) => ({ command: ["redis-server", ...redisPersistence, ...settings] }),
  rabbitmq: (settings) => ({
    files: [{ target: "/etc/rabbitmq/conf.d/90-test.conf", content: [...settings, ""].join("\n") }],
  }),
  postgres: (settings) => ({ command: ["postgres", ...postgresSettings, ...settings] }),
  sqs: () => ({}),
  moto: () => ({}),
};

/** The form that settings take for a service's image. */
export function containerSettings(name: ServiceName, settings: readonly string[]): ContainerSettings {
  return forms[name](settings);
}
