import { postgresBackend } from "@lovage/backend-postgres";
import { isLovageError } from "@lovage/foundation";
import { postgresTransport } from "@lovage/transport-postgres";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Certificates } from "../network/certificates.ts";
import { throughBoth } from "../redis/through-both.ts";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { unprivilegedUser } from "../services/private/unprivileged-user.ts";
import { writeAs } from "../services/private/write-as.ts";
import type { OwnServer } from "../services/service.ts";
import { askServer } from "./ask-server.ts";

const startMs = 150_000;

/** Settings of a server that shows one of the certificates. It takes no key that others may read. */
async function settingsFor(certificates: Certificates, name: string): Promise<string[]> {
  const user = unprivilegedUser(["postgres"]);
  const place = { directory: certificates.directory, port: 0, settings: [], user };
  const key = await writeAs(place, `${name}-of-postgres.key`, await certificates.read(`${name}.key`));
  return ["-c", "ssl=on", "-c", `ssl_cert_file=${certificates.file(`${name}.crt`)}`, "-c", `ssl_key_file=${key}`];
}

/** Both drivers refuse at once, and say why. */
async function expectRefusal(url: string, says: RegExp): Promise<void> {
  const refused = { retryable: false, message: expect.stringMatching(says) as string };
  await expect(postgresTransport({ url })).rejects.toMatchObject({ ...refused, code: "TRANSPORT_REJECTED" });
  const ofBackend = await postgresBackend({ url }).catch((error: unknown) => error);
  expect(isLovageError(ofBackend)).toBe(true);
  expect(ofBackend).toMatchObject({ ...refused, code: "POSTGRES_FAILED", kind: "denied" });
}

async function expectWork(url: string): Promise<void> {
  await throughBoth(await postgresTransport({ url }), await postgresBackend({ url }));
}

describeOwnServer(
  "postgres",
  (start) => {
    let certificates: Certificates;
    let others: Certificates;
    let server: OwnServer;
    let stranger: OwnServer;
    let plain: OwnServer;
    beforeAll(async () => {
      [certificates, others] = [await Certificates.make(), await Certificates.make()];
      server = await start({ settings: await settingsFor(certificates, "server") });
      stranger = await start({ settings: await settingsFor(certificates, "stranger") });
      plain = await start();
    }, startMs);
    afterAll(async () => {
      await Promise.all([server, stranger, plain].map((each) => each[Symbol.asyncDispose]()));
      certificates[Symbol.dispose]();
      others[Symbol.dispose]();
    }, startMs);

    const trusting = ({ url }: OwnServer, mode: string, from = certificates): string =>
      `${url}?sslmode=${mode}&sslrootcert=${encodeURIComponent(from.file("ca.crt"))}`;

    test.each(["require", "verify-ca", "verify-full"])(
      "sslmode=%s works with the authority's certificate",
      async (mode) => {
        await expectWork(trusting(server, mode));
      },
    );

    test("every connection of both drivers speaks TLS", async () => {
      const url = trusting(server, "verify-full");
      const [connection, backend] = [
        await postgresTransport({ url, name: "tls" }),
        await postgresBackend({ url, name: "tls" }),
      ];
      onTestFinished(async () => void (await Promise.all([connection.close(), backend.close()])));
      await connection.declare({ queues: [{ name: "q" }] });
      const { rows } = await askServer(server.url, (client) =>
        client.query<{ ssl: boolean }>(
          "SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'lovage:tls%'",
        ),
      );
      expect(rows.length).toBeGreaterThanOrEqual(3);
      expect(rows.every(({ ssl }) => ssl)).toBe(true);
    });

    test.each(["require", "verify-ca", "verify-full"])("sslmode=%s refuses another authority", async (mode) => {
      await expectRefusal(trusting(server, mode, others), /certificate.*Check user, password, database, certificate/u);
    });

    test("without an authority only those of Node are trusted", async () => {
      await expectRefusal(`${server.url}?sslmode=require`, /certificate/u);
    });

    test("the certificate of another host is refused, unless sslmode=verify-ca says that any host will do", async () => {
      await expectRefusal(trusting(stranger, "verify-full"), /does not match certificate/u);
      await expectRefusal(trusting(stranger, "require"), /does not match certificate/u);
      await expectWork(trusting(stranger, "verify-ca"));
    });

    test("a server without TLS is refused: nothing falls back to plain text", async () => {
      await expectRefusal(trusting(plain, "verify-full"), /does not support SSL/u);
    });

    test("an authority without TLS is refused as a mistake", async () => {
      const file = encodeURIComponent(certificates.file("ca.crt"));
      const refusal = { code: "CONFIGURATION_INVALID" };
      await expect(postgresTransport({ url: `${server.url}?sslrootcert=${file}` })).rejects.toMatchObject(refusal);
    });
  },
  ["private"],
);
