import { applySchema, planSchema, PostgresClient, postgresTarget, type SchemaComponent } from "@lovage/client-postgres";
import { silentLog, systemClock } from "@lovage/foundation";
import { postgresBackend } from "@lovage/backend-postgres";
import { postgresTransport } from "@lovage/transport-postgres";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { backendSchema } from "../../../packages/backend-postgres/src/schema/backend-schema.ts";
import { transportSchema } from "../../../packages/transport-postgres/src/schema/transport-schema.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

describeOwnServer("postgres", (start) => {
  const server = postgresServer(start);

  async function openClient(schema: string): Promise<PostgresClient> {
    const client = await PostgresClient.open({
      target: postgresTarget(server().url, { schema }),
      clock: systemClock,
      log: silentLog,
      name: "schema",
      onLost: () => {},
    });
    onTestFinished(() => client.close());
    return client;
  }

  async function ask(...statements: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const client = new Client({ connectionString: server().url });
    await client.connect();
    try {
      let rows: readonly Record<string, unknown>[] = [];
      for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement));
      return rows;
    } finally {
      await client.end();
    }
  }

  test("many programs that start at once make the tables once", async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => openClient("at once")));
    const plans = await Promise.all(clients.map((client) => applySchema(client, transportSchema("at once"))));
    expect(plans.filter(({ statements }) => statements.length > 0).length).toBeGreaterThanOrEqual(1);
    expect(await planSchema(clients[0]!, transportSchema("at once"))).toEqual({ from: 3, to: 3, statements: [] });
  });

  test.each([`qu"ote`, "back\\slash", "it's", "50%", "Ünïcode 😀", "a".repeat(63), "x; DROP TABLE y; --"])(
    "a schema may be called %s, for both drivers",
    async (schema) => {
      const connection = await postgresTransport({ url: server().url, schema });
      onTestFinished(() => connection.close());
      const backend = await postgresBackend({ url: server().url, schema });
      onTestFinished(() => backend.close());
      await connection.declare({ queues: [{ name: "q" }] });
      const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8", key: "k" };
      await connection.publish([{ to: "q", headers: {}, properties, body: Buffer.from("a") }]);
      expect((await connection.admin.inspect(["q"]))[0]?.ready).toBe(1);
      const put = { taskId: "t", state: "SUCCESS", document: "{}", fence: null, expiresInMs: 60_000 };
      expect(await backend.results?.put([put])).toEqual(["stored"]);
      const [found] = await ask(`SELECT count(*)::int AS count FROM pg_namespace WHERE nspname = $s$${schema}$s$`);
      expect(found?.["count"]).toBe(1);
    },
  );

  test("what plan prints makes all that is needed, and a role that may not create works with it, and is told so without", async () => {
    await ask("CREATE ROLE worker LOGIN", "CREATE SCHEMA planned");
    const url = server().url.replace("postgres@", "worker@");
    await expect(postgresTransport({ url, schema: "planned" })).rejects.toMatchObject({
      code: "SCHEMA_VERSION",
      message: expect.stringContaining("lovage schema apply") as string,
    });
    const client = await openClient("planned");
    for (const component of [transportSchema("planned"), backendSchema("planned")]) {
      const { statements } = await planSchema(client, component);
      await ask(...statements);
    }
    await ask(
      "GRANT USAGE ON SCHEMA planned TO worker",
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA planned TO worker",
      "GRANT USAGE ON ALL SEQUENCES IN SCHEMA planned TO worker",
    );
    const connection = await postgresTransport({ url, schema: "planned" });
    onTestFinished(() => connection.close());
    const backend = await postgresBackend({ url, schema: "planned" });
    onTestFinished(() => backend.close());
    await connection.declare({ queues: [{ name: "q" }] });
    const properties = { messageId: "a", contentType: "text/plain", contentEncoding: "utf-8" };
    await connection.publish([{ to: "q", headers: {}, properties, body: Buffer.from("a") }]);
    const delivered = Promise.withResolvers<void>();
    await connection.consume({
      queue: "q",
      prefetch: 1,
      onDelivery: (delivery) => void delivery.ack().then(delivered.resolve, delivered.reject),
    });
    await delivered.promise;
    expect(await backend.coordination?.acquire({ name: "l", holder: "h", leaseMs: 1_000 })).toMatchObject({
      granted: true,
    });
  });

  test("a newer schema that still understands this release is worked with, one that does not is refused before anything is written", async () => {
    const client = await openClient("versions");
    await applySchema(client, transportSchema("versions"));
    await ask("UPDATE versions.schema_versions SET version = 9, compatible = 1");
    expect(await applySchema(client, transportSchema("versions"))).toEqual({ from: 9, to: 3, statements: [] });
    await ask("UPDATE versions.schema_versions SET compatible = 9");
    const refusal = { code: "SCHEMA_VERSION" };
    await expect(postgresTransport({ url: server().url, schema: "versions" })).rejects.toMatchObject(refusal);
  });

  test("a step is taken forth beside what is there, and back again; all of it leaves nothing", async () => {
    const client = await openClient("steps");
    const component = transportSchema("steps");
    const next: SchemaComponent = {
      ...component,
      steps: [
        ...component.steps,
        {
          version: 4,
          compatible: 3,
          statements: (schema) => [`ALTER TABLE ${schema}.messages ADD COLUMN tag text`],
          undo: (schema) => [`ALTER TABLE ${schema}.messages DROP COLUMN tag`],
        },
      ],
    };
    await applySchema(client, component);
    expect((await applySchema(client, next)).statements).toHaveLength(2);
    const connection = await postgresTransport({ url: server().url, schema: "steps" });
    await connection.close();
    expect(await applySchema(client, next, 3)).toMatchObject({ from: 4, to: 3 });
    await applySchema(client, next, 0);
    const left = await ask(
      "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'steps' AND relkind = 'r'",
    );
    expect(left).toEqual([{ relname: "schema_versions" }]);
  });

  test("a program of the version before works beside one of this version, each on what the other has sent and claimed", async () => {
    const store = await openedStore({ url: server().url, schema: "beside" });
    await ask(
      "SELECT * FROM beside.publish_1(ARRAY['q'], ARRAY[1], ARRAY[1], ARRAY[1], '\\x01', NULL, NULL, NULL, NULL, ARRAY['q'])",
    );
    await store.publish([message("one")]);
    await store.publish([message("two"), message("three")]);
    const [taken] = await ask("SELECT * FROM beside.claim_1('q', 2, 30000, false, NULL)");
    const { messages } = await store.claim({ queue: "q", max: 10, leaseMs: 30_000, suspects: false });
    expect(messages.map((each) => each.message.properties.messageId)).toEqual(["two", "three"]);
    const ids = messages.map(({ lease }) => lease.id).join(",");
    const fences = messages.map(({ lease }) => lease.fence).join(",");
    expect(await ask(`SELECT * FROM beside.extend_1(ARRAY[${ids}], ARRAY[${fences}], 30000)`)).toEqual([]);
    const noBatch = Array.from({ length: 11 }, () => "NULL").join(",");
    const ended = `ARRAY[${ids}], ARRAY[${fences}], ARRAY[0, 1], ARRAY[0, 0]`;
    expect(await ask(`SELECT * FROM beside.settle_1(${ended}, ${noBatch})`)).toEqual([]);
    const lease = { id: Number(taken?.["id"]), fence: Number(taken?.["fence"]) };
    expect(await store.extend("q", [lease], 60_000)).toBeNull();
    expect(await store.settle("q", [{ kind: "ack", lease }])).toBeNull();
    expect(await store.admin.inspect(["q"])).toMatchObject([{ ready: 1, unsettled: 1 }]);
  });
});
