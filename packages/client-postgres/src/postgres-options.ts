import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "node:tls";

import {
  checkedTextOption,
  choiceOption,
  ConfigurationError,
  flagOption,
  functionOption,
  objectOption,
  textOption,
  wholeNumberOption,
  type OptionSchema,
} from "@lovage/foundation";
import type { Client, Pool } from "pg";

import { parsePostgresUrl, type PostgresLocation } from "./postgres-url.ts";
import { checkSchemaName } from "./quote-identifier.ts";

/** A pool of the user's own, made by `pg`. */
export type ReadyPool = Pool;
/** A client of the user's own, made by `pg`, whose settings are taken over. */
export type ReadyClient = Client;

/** How the server is known. Words of libpq; those that fall back to plain text are refused. */
export type SslMode = "disable" | "require" | "verify-ca" | "verify-full";

/** Gives a password. */
export type PasswordSource = () => string | Promise<string>;

/** Where PostgreSQL is and how it is used, beside what the URL says. */
export interface PostgresOptions {
  /** Schema that holds the tables. @default "lovage" */
  readonly schema?: string | undefined;
  /** Most connections of the pool, 2 to 100; one more is kept for notifications. @default 5 */
  readonly poolSize?: number | undefined;
  /** `require` and `verify-full` check the certificate and the host's name, `verify-ca` only the certificate. @default "disable" */
  readonly sslmode?: SslMode | undefined;
  /** File with the certificates to trust. @default those of Node */
  readonly sslrootcert?: string | undefined;
  /** Options of `tls.connect`, such as `ca`; TLS is then on. */
  readonly tls?: object | undefined;
  /** A pool of `pg` to use in place of one of our own. It stays open; it needs 3 connections or more, and one more for each further transport, backend or outbox that shares it. */
  readonly pool?: ReadyPool | undefined;
  /**
   * A client of `pg` whose address, user, password and TLS are taken over. It is not used itself, and stays open. Where its password is a function give that as `password` too:
   * a client that has been connected has only the text that it gave.
   */
  readonly client?: ReadyClient | undefined;
  /** Gives the password of each new connection, such as a token of a cloud that ends after a while. @default what the URL or `client` says */
  readonly password?: PasswordSource | undefined;
  /** Make and update the tables on opening, where the role may; `false`: look at their version alone, and refuse work on older ones. @default true */
  readonly migrate?: boolean | undefined;
  /** Wake sleeping workers by LISTEN and NOTIFY; `false`: they only look again and again. @default found out by itself */
  readonly notify?: boolean | undefined;
}

/** The fields of {@link PostgresOptions}. */
export type PostgresOptionsShape = {
  readonly [Name in keyof PostgresOptions]-?: OptionSchema<NonNullable<PostgresOptions[Name]>>;
};

/** What both drivers spread into their schema. Text from a URL is accepted as well. */
export const postgresOptions: PostgresOptionsShape = Object.freeze<PostgresOptionsShape>({
  schema: checkedTextOption(checkSchemaName),
  poolSize: wholeNumberOption({ min: 2, max: 100 }),
  sslmode: choiceOption(["disable", "require", "verify-ca", "verify-full"]),
  sslrootcert: textOption(),
  tls: objectOption<object>(),
  pool: objectOption<ReadyPool>(isReadyPool, "a Pool of pg with 3 connections or more"),
  client: objectOption<ReadyClient>((value) => "connectionParameters" in value, "a Client of pg"),
  password: functionOption<PasswordSource>(),
  migrate: flagOption,
  notify: flagOption,
});

/** Names of {@link PostgresOptions} that may stand in the query of a URL. */
export const postgresOptionNames: readonly string[] = [
  "schema",
  "poolSize",
  "sslmode",
  "sslrootcert",
  "migrate",
  "notify",
];

/** A password, or what gives the one for each new connection, as `pg` takes it: a token of a cloud's, say. */
type PostgresPassword = string | PasswordSource;

/** A database and how to get there. Plain data, but for `pool` and what a ready-made client may have. */
export interface PostgresTarget extends Omit<PostgresLocation, "password"> {
  readonly password?: PostgresPassword;
  readonly schema: string;
  readonly poolSize: number;
  readonly ssl: ConnectionOptions | false;
  /** Whether the certificate must be for this host. */
  readonly checksHost: boolean;
  readonly migrate: boolean;
  /** `undefined`: found out. */
  readonly notify: boolean | undefined;
  readonly pool: ReadyPool | undefined;
}

/**
 * What a URL and the options beside it say together.
 * @param base The URL without its query.
 * @throws CONFIGURATION_INVALID
 */
export function postgresTarget(base: string, options: PostgresOptions): PostgresTarget {
  const { schema = "lovage", poolSize: size = 5, migrate = true, notify, pool, client, password } = options;
  const location = client === undefined ? parsePostgresUrl(base) : parametersOf(client);
  const ssl = sslOf(options);
  const checksHost = options.sslmode !== "verify-ca";
  return {
    ...location,
    ...(password === undefined ? {} : { password }),
    schema,
    poolSize: size,
    ssl,
    checksHost,
    migrate,
    notify,
    pool,
    ...sslOfClient(client),
  };
}

function sslOf({ sslmode, sslrootcert, tls }: PostgresOptions): ConnectionOptions | false {
  if (tls === undefined && (sslmode === undefined || sslmode === "disable")) {
    if (sslrootcert === undefined) return false;
    throw new ConfigurationError("sslrootcert needs sslmode=verify-full: without TLS nothing would be checked.");
  }
  return {
    rejectUnauthorized: true,
    ...(sslrootcert === undefined ? {} : { ca: readFileSync(sslrootcert, "utf8") }),
    ...tls,
  };
}

type Parameters = Omit<PostgresLocation, "password"> & {
  readonly password?: PostgresPassword;
  readonly ssl?: ConnectionOptions | boolean;
};

/** What `pg` has made of the user's settings; it has no public name for it but on each client. */
function parametersOf(client: ReadyClient): Parameters {
  const { host, port, user, database, ssl } = Reflect.get(client, "connectionParameters") as Parameters;
  const password: unknown = Reflect.get(client, "password");
  return {
    host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(database === undefined ? {} : { database }),
    ...(isPassword(password) ? { password } : {}),
    ...(ssl === undefined ? {} : { ssl }),
  };
}

function isPassword(value: unknown): value is PostgresPassword {
  return typeof value === "string" || typeof value === "function";
}

function sslOfClient(client: ReadyClient | undefined): Partial<Pick<PostgresTarget, "ssl">> {
  const ssl = client === undefined ? undefined : parametersOf(client).ssl;
  if (ssl === undefined) return {};
  return { ssl: ssl === true ? { rejectUnauthorized: true } : ssl };
}

function isReadyPool(value: object): boolean {
  return "connect" in value && "totalCount" in value && (value as Pool).options.max >= 3;
}
