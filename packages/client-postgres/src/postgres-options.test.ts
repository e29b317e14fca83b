import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { optionsSchema, validate } from "@lovage/foundation";
import { Client, Pool } from "pg";
import { expect, onTestFinished, test } from "vitest";

import { postgresOptions, postgresTarget, type PostgresOptions } from "./postgres-options.ts";

const schema = optionsSchema<PostgresOptions>(postgresOptions);

test("defaults: schema lovage, five connections, no TLS", () => {
  expect(postgresTarget("postgres://h/d", {})).toMatchObject({
    schema: "lovage",
    poolSize: 5,
    ssl: false,
    migrate: true,
    notify: undefined,
  });
});

test("texts of a URL's query are read", async () => {
  const checked = await validate(schema, { poolSize: "7", migrate: "false", notify: "true", sslmode: "verify-full" });
  expect(checked).toMatchObject({ value: { poolSize: 7, migrate: false, notify: true } });
});

test.each([
  { sslmode: "prefer" },
  { sslmode: "allow" },
  { poolSize: 1 },
  { schema: "pg_x" },
  { pool: {} },
  { client: 7 },
])("%o is refused", async (options) => expect((await validate(schema, options)).issues).toHaveLength(1));

test("every mode with TLS checks the certificate", () => {
  for (const sslmode of ["require", "verify-ca", "verify-full"] as const) {
    expect(postgresTarget("postgres://h/d", { sslmode }).ssl).toEqual({ rejectUnauthorized: true });
  }
  expect(postgresTarget("postgres://h/d", { sslmode: "verify-ca" }).checksHost).toBe(false);
  expect(postgresTarget("postgres://h/d", { tls: { ca: "x" } }).ssl).toEqual({ rejectUnauthorized: true, ca: "x" });
});

test("trusted certificates are read from a file, and are refused without TLS", () => {
  const directory = mkdtempSync(join(tmpdir(), "lovage-options-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "root.crt");
  writeFileSync(file, "certificate");
  const target = postgresTarget("postgres://h/d", { sslmode: "verify-full", sslrootcert: file });
  expect(target.ssl).toEqual({ rejectUnauthorized: true, ca: "certificate" });
  expect(() => postgresTarget("postgres://h/d", { sslrootcert: file })).toThrow(/verify-full/);
});

test("a client's address is taken over, its TLS too; a pool is used as it is", () => {
  const client = new Client({ host: "db", port: 6000, user: "u", password: "p", database: "d", ssl: true });
  expect(postgresTarget("postgres://elsewhere/x", { client })).toMatchObject({
    host: "db",
    port: 6000,
    user: "u",
    password: "p",
    database: "d",
    ssl: { rejectUnauthorized: true },
  });
  const pool = new Pool({ max: 3 });
  expect(postgresTarget("postgres://h/d", { pool }).pool).toBe(pool);
});

test("a client's password may be a function, for tokens that end", () => {
  const client = new Client({ password: () => "token" });
  const { password } = postgresTarget("postgres://h/d", { client });
  expect(typeof password === "function" ? password() : undefined).toBe("token");
});

test("a client that is connected has lost its function, so that one may be given beside it", async () => {
  const client = new Client({ password: () => "token-1" });
  // As `pg` does at the first question for a password.
  client.password = "token-1";
  expect((await validate(schema, { client, password: () => "token-2" })).issues).toBeUndefined();
  const { password } = postgresTarget("postgres://u:other@h/d", { client, password: () => "token-2" });
  expect(typeof password === "function" ? password() : undefined).toBe("token-2");
  expect((await validate(schema, { password: "text" })).issues).toHaveLength(1);
});

test("a pool of two is refused: one connection is kept for notifications", async () => {
  expect((await validate(schema, { pool: new Pool({ max: 2 }) })).issues).toHaveLength(1);
});
