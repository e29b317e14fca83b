import process from "node:process";
import type { ServiceName } from "./service-name.ts";

/** What the ladder knows of a service: where to find it, which image and which packages make it. */
export interface CatalogueEntry {
  /** For people. */
  readonly title: string;
  /** The variable that names one which is there already. */
  readonly variable: string;
  /** What that variable looks like. */
  readonly exampleUrl: string;
  /** How long a new one may take until it answers, on a busy machine. The image has been pulled before. */
  readonly startMs: number;
  /** A second opinion on another service: only missed where it is required by its name. @default false */
  readonly isSecondOpinion?: boolean;
  /** It keeps its data in memory only, so that its end is the end of them. @default false */
  readonly forgets?: boolean;
  readonly container: {
    /** `LOVAGE_TEST_<SERVICE>_IMAGE` in the environment names another, of another version or maker. */
    readonly image: string;
    /** The port that the server has inside. */
    readonly port: number;
    readonly environment: Readonly<Record<string, string>>;
    /** How long an orderly end may take before it is killed. */
    readonly stopSeconds: number;
  };
  readonly local: {
    /** Packages of Debian that bring the server. */
    readonly debianPackages: readonly string[];
    /** How people get it, as one sentence. */
    readonly install: string;
  };
}

function imageOf(name: ServiceName, usual: string): string {
  const named = process.env[`LOVAGE_TEST_${name.toUpperCase()}_IMAGE`] ?? "";
  return named === "" ? usual : named;
}

/** Every service with its image, its packages and what they need. Which versions the suites were run with is in `integration/README.md`. */
export const catalogue: Readonly<Record<ServiceName, CatalogueEntry>> = {
  redis: {
    title: "Redis",
    variable: "LOVAGE_TEST_REDIS_URL",
    exampleUrl: "redis://127.0.0.1:6379/0",
    startMs: 30_000,
    container: {
      image: imageOf("redis", "redis:8-alpine"),
      port: 6379,
      environment: {},
      stopSeconds: 30,
    },
    local: { debianPackages: ["redis-server"], install: "apt-get install redis-server, or brew install redis" },
  },
  rabbitmq: {
    title: "RabbitMQ",
    variable: "LOVAGE_TEST_RABBITMQ_URL",
    exampleUrl: "amqp://guest:guest@127.0.0.1:5672",
    startMs: 120_000,
    container: {
      image: imageOf("rabbitmq", "rabbitmq:4-management-alpine"),
      port: 5672,
      environment: { RABBITMQ_DEFAULT_USER: "guest", RABBITMQ_DEFAULT_PASS: "guest" },
      stopSeconds: 60,
    },
    local: {
      debianPackages: ["rabbitmq-server"],
      install: "apt-get install rabbitmq-server, or brew install rabbitmq",
    },
  },
  postgres: {
    title: "PostgreSQL",
    variable: "LOVAGE_TEST_POSTGRES_URL",
    exampleUrl: "postgres://postgres@127.0.0.1:5432/postgres",
    startMs: 60_000,
    container: {
      image: imageOf("postgres", "postgres:17-alpine"),
      port: 5432,
      environment: { POSTGRES_HOST_AUTH_METHOD: "trust" },
      stopSeconds: 30,
    },
    local: { debianPackages: ["postgresql"], install: "apt-get install postgresql, or brew install postgresql" },
  },
  sqs: {
    title: "SQS",
    variable: "LOVAGE_TEST_SQS_URL",
    exampleUrl: "http://127.0.0.1:4566",
    startMs: 30_000,
    container: {
      image: imageOf("sqs", "kibertoad/fauxqs:latest"),
      port: 4566,
      environment: { FAUXQS_PERSISTENCE: "true", FAUXQS_DATA_DIR: "/tmp/data" },
      // As the first process of its container it does not hear that it should end; what it keeps is on disk at once.
      stopSeconds: 1,
    },
    // The emulator is a dependency of this package, and so needs none of Debian's.
    local: { debianPackages: [], install: "pnpm install, which brings the emulator fauxqs" },
  },
  // Another emulator of SQS: slower, strict where the first is lax, and the only one that speaks the old query protocol as well.
  moto: {
    title: "SQS (moto)",
    variable: "LOVAGE_TEST_MOTO_URL",
    exampleUrl: "http://127.0.0.1:5000",
    startMs: 60_000,
    isSecondOpinion: true,
    forgets: true,
    container: { image: imageOf("moto", "motoserver/moto:latest"), port: 5000, environment: {}, stopSeconds: 1 },
    local: { debianPackages: [], install: "it runs in a container only" },
  },
};
