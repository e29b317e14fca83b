import { applySchema, planSchema, PostgresClient, postgresTarget, type SchemaComponent } from "@lovage/client-postgres";
import { silentLog, systemClock } from "@lovage/foundation";
import { backend as backendDriver, postgresBackend } from "@lovage/backend-postgres";
import { postgresTransport } from "@lovage/transport-postgres";
import { Client } from "pg";
import { expect, onTestFinished, test } from "vitest";
import { transportSchema } from "../../../packages/transport-postgres/src/schema/transport-schema.ts";
import { Folder } from "../../cli/test-support/command.ts";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { message, openedStore } from "./opened-store.ts";
import { postgresServer } from "./postgres-server.ts";

const latest = transportSchema("any").steps.at(-1)?.version ?? 0;

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
    expect(await planSchema(clients[0]!, transportSchema("at once"))).toEqual({
      from: latest,
      to: latest,
      statements: [],
    });
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
    const folder = new Folder();
    onTestFinished(() => folder.remove());
    const place = `${url}?schema=planned`;
    const planned = await folder.run(["-A", "tasks.ts", "schema", "plan"], {
      env: { LOVAGE_BROKER_URL: place, LOVAGE_RESULT_BACKEND: place },
    });
    expect(planned).toMatchObject({ code: 0, stderr: "" });
    expect(await ask("SELECT 1 FROM pg_tables WHERE schemaname = 'planned'")).toEqual([]);
    await ask(planned.stdout);
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

  test("a role that may not read the version of the tables is told which rights it needs", async () => {
    await postgresTransport({ url: server().url, schema: "closed" }).then((connection) => connection.close());
    await ask("CREATE ROLE stranger LOGIN");
    const url = server().url.replace("postgres@", "stranger@");
    for (const migrate of [true, false]) {
      await expect(postgresTransport({ url, schema: "closed", migrate })).rejects.toMatchObject({
        code: "SCHEMA_VERSION",
        message: expect.stringContaining("SELECT on its table schema_versions") as string,
      });
    }
  });

  test("the tables of an outbox that the app's module opens are planned by a role that may not make them", async () => {
    await ask("CREATE ROLE looker LOGIN");
    const url = server().url.replace("postgres@", "looker@");
    const folder = new Folder({
      "outbox.ts": `import { openOutbox } from "@lovage/outbox-postgres";
import { memoryTransport } from "@lovage/transport-memory";
import { createApp } from "lovage";
const broker = await memoryTransport({ name: "inner" });
export const app = createApp({ broker: await openOutbox({ url: "${url}", broker, migrate: false }) });`,
    });
    onTestFinished(() => folder.remove());
    const { code, stdout } = await folder.run(["-A", "outbox.ts", "schema", "plan"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^-- broker: version 0 to \d+\n(.*\n)*.*CREATE TABLE .*lovage_outbox/);
    expect(await ask("SELECT 1 FROM pg_namespace WHERE nspname = 'lovage_outbox'")).toEqual([]);
  });

  test("a newer schema that still understands this release is worked with, one that does not is refused before anything is written", async () => {
    const client = await openClient("versions");
    await applySchema(client, transportSchema("versions"));
    await ask("UPDATE versions.schema_versions SET version = 9, compatible = 1");
    expect(await applySchema(client, transportSchema("versions"))).toEqual({ from: 9, to: latest, statements: [] });
    await ask("UPDATE versions.schema_versions SET compatible = 9");
    const refusal = { code: "SCHEMA_VERSION" };
    await expect(postgresTransport({ url: server().url, schema: "versions" })).rejects.toMatchObject(refusal);
  });

  test("tables of the release before are refused where this one must not update them, until somebody has", async () => {
    const { url } = server();
    const client = await openClient("behind");
    await applySchema(client, transportSchema("behind"), latest - 1);
    const connection = await postgresTransport({ url, schema: "behind", migrate: false });
    onTestFinished(() => connection.close());
    const topology = { queues: [{ name: "q" }] };
    const told = expect.stringMatching(/version \d+, this program needs version \d+.*`lovage schema apply`/) as string;
    await expect(connection.declare(topology)).rejects.toMatchObject({
      code: "SCHEMA_VERSION",
      message: told,
    });
    await connection.schema?.apply();
    await connection.declare(topology);
    const place = `${url}?schema=bare&migrate=false`;
    const context = { clock: systemClock, log: silentLog, name: "bare", options: {} };
    await expect(backendDriver.open({ ...context, url: place })).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
    const opened = await postgresBackend({ url: place });
    onTestFinished(() => opened.close());
    expect(await opened.schema?.plan()).toMatchObject({ from: 0 });
  });

  test("tables that are too new are refused on opening, also where nothing is made", async () => {
    const { url } = server();
    await postgresTransport({ url, schema: "ahead" }).then((connection) => connection.close());
    await ask("UPDATE ahead.schema_versions SET version = 99, compatible = 99");
    const opening = postgresTransport({ url, schema: "ahead", migrate: false });
    await expect(opening).rejects.toMatchObject({ code: "SCHEMA_VERSION" });
  });

  test("a step is taken forth beside what is there, and back again; all of it leaves nothing", async () => {
    const client = await openClient("steps");
    const component = transportSchema("steps");
    const next: SchemaComponent = {
      ...component,
      steps: [
        ...component.steps,
        {
          version: latest + 1,
          compatible: latest,
          statements: (schema) => [`ALTER TABLE ${schema}.messages ADD COLUMN tag text`],
          undo: (schema) => [`ALTER TABLE ${schema}.messages DROP COLUMN tag`],
        },
      ],
    };
    await applySchema(client, component);
    expect((await applySchema(client, next)).statements).toHaveLength(2);
    const connection = await postgresTransport({ url: server().url, schema: "steps" });
    await connection.close();
    expect(await applySchema(client, next, latest)).toMatchObject({ from: latest + 1, to: latest });
    await applySchema(client, next, 0);
    const left = await ask(
      "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = 'steps' AND relkind = 'r'",
    );
    expect(left).toEqual([{ relname: "schema_versions" }]);
  });

  test("the command takes tables back to a version that is named, and forth again, and refuses one that it does not know", async () => {
    const place = `${server().url}?schema=wayback`;
    const folder = new Folder();
    onTestFinished(() => folder.remove());
    const run = (verb: string, ...to: readonly string[]) =>
      folder.run(["-A", "tasks.ts", "schema", verb, ...to.flatMap((version) => ["--to", version])], {
        env: { LOVAGE_BROKER_URL: place, LOVAGE_RESULT_BACKEND: place },
      });
    const versions = "SELECT component, version FROM wayback.schema_versions ORDER BY component";
    const made = await run("apply");
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const before = await ask(versions);
    const planned = await run("plan", `transport=${latest - 1}`);
    expect(planned.stdout).toMatch(
      new RegExp(`^-- broker: version ${latest} to ${latest - 1}\\n-- a way back: .*\\nDROP `),
    );
    expect(await ask(versions)).toEqual(before);
    const taken = await run("apply", `transport=${latest - 1}`);
    expect(taken).toMatchObject({ code: 0, stderr: "" });
    expect(taken.stdout.replace(", done", "")).toBe(planned.stdout);
    expect(await ask(versions)).toContainEqual({ component: "transport", version: latest - 1 });
    const refused = await run("apply", "backend=1", `transport=${latest + 1}`);
    expect(refused.stderr).toContain(`knows versions 1 to ${latest} of the tables of transport, not ${latest + 1}`);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    await run("apply");
    expect(await ask(versions)).toEqual(before);
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
    for (const extend of ["extend_1", "extend_4", "extend_5"])
      expect(await ask(`SELECT * FROM beside.${extend}(ARRAY[${ids}], ARRAY[${fences}], 30000)`)).toEqual([]);
    const noBatch = Array.from({ length: 11 }, () => "NULL").join(",");
    const ended = `ARRAY[${ids}], ARRAY[${fences}], ARRAY[0, 1], ARRAY[0, 0]`;
    expect(await ask(`SELECT * FROM beside.settle_1(${ended}, ${noBatch})`)).toEqual([]);
    const lease = { id: Number(taken?.["id"]), fence: Number(taken?.["fence"]) };
    expect(await store.extend("q", [lease], 60_000)).toBeNull();
    expect(await store.settle("q", [{ kind: "ack", lease }])).toBeNull();
    expect(await store.admin.inspect(["q"])).toMatchObject([{ ready: 1, unsettled: 1 }]);
    await ask(
      "SELECT beside.enqueue_1(ARRAY['q'], ARRAY[1], ARRAY[1], ARRAY[1], '\\x01', NULL, NULL, NULL, NULL)",
      "SELECT beside.enqueue_one_2('q', '\\x01', NULL, NULL, NULL, NULL)",
    );
    expect(await store.admin.inspect(["q"])).toMatchObject([{ ready: 3, unsettled: 1 }]);
  });
});
