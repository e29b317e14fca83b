import { rpcBackend } from "@lovage/backend-amqp";
import { systemClock } from "@lovage/foundation";
import type { Delivery } from "@lovage/transport";
import { amqpTransport } from "@lovage/transport-amqp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Certificates } from "../network/certificates.ts";
import { eventually } from "../processes/eventually.ts";
import { describeOwnServer, type StartServer } from "../services/describe-own-server.ts";
import { freePort } from "../services/private/free-port.ts";
import type { OwnServer } from "../services/service.ts";

const startMs = 150_000;
const testMs = 60_000;
const atOnceMs = 5_000;

/** A server with a port for TLS beside the plain one. */
interface TlsServer {
  readonly server: OwnServer;
  /** `amqps://…` */
  readonly url: string;
}

/** @param as Whose certificate it shows. `wantsClients`: it lets nobody in without one. */
async function startTlsServer(
  start: StartServer,
  certificates: Certificates,
  { as, wantsClients }: { readonly as: string; readonly wantsClients: boolean },
): Promise<TlsServer> {
  const port = await freePort();
  const settings = [
    `listeners.ssl.1 = 127.0.0.1:${port}`,
    `ssl_options.cacertfile = ${certificates.file("ca.crt")}`,
    `ssl_options.certfile = ${certificates.file(`${as}.crt`)}`,
    `ssl_options.keyfile = ${certificates.file(`${as}.key`)}`,
    `ssl_options.verify = ${wantsClients ? "verify_peer" : "verify_none"}`,
    `ssl_options.fail_if_no_peer_cert = ${String(wantsClients)}`,
  ];
  const server = await start({ settings });
  return { server, url: `amqps://guest:guest@127.0.0.1:${port}` };
}

/** A message goes through the transport, and a result comes back by the backend. */
async function expectWork(url: string, tls: object): Promise<void> {
  const [connection, backend] = [await amqpTransport({ url, tls }), await rpcBackend({ url, tls })];
  onTestFinished(async () => void (await Promise.all([connection.close(), backend.close()])));
  const replyTo = String(backend.results?.replyTo);
  await connection.declare({ queues: [{ name: "secure", driver: { queueType: "classic" } }] });
  const deliveries: Delivery[] = [];
  await connection.consume({ queue: "secure", prefetch: 1, onDelivery: (delivery) => void deliveries.push(delivery) });
  const properties = { messageId: replyTo, contentType: "application/json", contentEncoding: "utf-8" };
  await connection.publish([{ to: "secure", headers: {}, properties, body: Buffer.from("[]") }]);
  await eventually(() => deliveries.length === 1, { what: "the message", withinMs: 10_000 });
  await deliveries[0]!.ack();
  const document = JSON.stringify({ status: "SUCCESS", result: 1, task_id: "a" });
  await backend.results?.put([
    { taskId: "a", state: "SUCCESS", document, fence: [0, 1], expiresInMs: 60_000, replyTo },
  ]);
  const isThere = async (): Promise<boolean> => (await backend.results?.get(["a"]))?.[0] !== undefined;
  await eventually(isThere, { what: "the result", withinMs: 10_000 });
}

/** Both drivers refuse, with this in the message, without trying again and again. */
async function expectRefusal(url: string, says: RegExp, tls?: object): Promise<void> {
  const options = tls === undefined ? {} : { tls };
  const message = expect.stringMatching(says) as string;
  const fromMs = systemClock.monotonic();
  await expect(amqpTransport({ url, ...options })).rejects.toMatchObject({
    code: "TRANSPORT_REJECTED",
    retryable: false,
    message,
  });
  await expect(rpcBackend({ url, ...options })).rejects.toMatchObject({
    code: "AMQP_FAILED",
    kind: "denied",
    retryable: false,
    message,
  });
  expect(systemClock.monotonic() - fromMs).toBeLessThan(atOnceMs);
}

describeOwnServer(
  "rabbitmq",
  (start) => {
    let certificates: Certificates;
    let ca: string;
    let usual: TlsServer;
    /** It shows the certificate of another host, and wants one of its clients. */
    let strict: TlsServer;
    beforeAll(async () => {
      certificates = await Certificates.make();
      ca = await certificates.read("ca.crt");
      usual = await startTlsServer(start, certificates, { as: "server", wantsClients: false });
      strict = await startTlsServer(start, certificates, { as: "stranger", wantsClients: true });
    }, 2 * startMs);
    afterAll(async () => {
      await Promise.all([usual, strict].map(({ server }) => server[Symbol.asyncDispose]()));
      certificates[Symbol.dispose]();
    }, startMs);

    test(
      "amqps: works with the authority of the certificate, on every connection of both drivers",
      async () => {
        await expectWork(usual.url, { ca });
        const listed = await usual.server.execute("rabbitmqctl", ["-q", "list_connections", "ssl", "--formatter=json"]);
        const connections = JSON.parse(listed) as { readonly ssl: boolean }[];
        expect(connections.length).toBeGreaterThanOrEqual(3);
        expect(connections.filter(({ ssl }) => !ssl)).toEqual([]);
      },
      testMs,
    );

    test(
      "a certificate of an unknown authority is refused at once, with how to trust it",
      async () => await expectRefusal(usual.url, /certificate.* NODE_EXTRA_CA_CERTS/u),
      testMs,
    );

    test(
      "a certificate of another host is refused at once, with how to name it",
      async () => await expectRefusal(strict.url, /another host: .* servername/u, { ca }),
      testMs,
    );

    test(
      "a server that wants a client's certificate is given it, or the error says that it wants one",
      async () => {
        const named = { ca, servername: "stranger.example" };
        await expectRefusal(strict.url, /a client's certificate .* cert, key/u, named);
        const cert = await certificates.read("client.crt");
        await expectWork(strict.url, { ...named, cert, key: await certificates.read("client.key") });
      },
      testMs,
    );

    test(
      "a port that does not speak TLS is told as such",
      async () => await expectRefusal(usual.server.url.replace("amqp:", "amqps:"), /does not speak TLS/u, { ca }),
      testMs,
    );

    test(
      "TLS is never left out: plain text to the TLS port does not connect",
      async () => {
        const url = usual.url.replace("amqps:", "amqp:");
        await expect(amqpTransport({ url })).rejects.toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
      },
      testMs,
    );

    test("options of TLS with a URL that does not ask for it are refused", async () => {
      const { url } = usual.server;
      await expect(amqpTransport({ url, tls: { ca } })).rejects.toMatchObject({ code: "CONFIGURATION_INVALID" });
      await expect(rpcBackend({ url, tls: { ca } })).rejects.toMatchObject({ code: "CONFIGURATION_INVALID" });
    });
  },
  ["private"],
);
