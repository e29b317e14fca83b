import { inspect } from "node:util";
import { redisBackend } from "@lovage/backend-redis";
import { systemClock } from "@lovage/foundation";
import { redisTransport } from "@lovage/transport-redis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { Certificates } from "../network/certificates.ts";
import { redisCli } from "./redis-cli.ts";
import { throughBoth } from "./through-both.ts";
import { startTlsServer, type TlsServer } from "./tls-server.ts";

const atOnceMs = 5_000;

/** Both drivers refuse, with this in the message, without trying again and again. */
async function expectRefusal(url: string, says: RegExp, tls?: object): Promise<void> {
  const options = tls === undefined ? {} : { tls };
  const fromMs = systemClock.monotonic();
  const message = expect.stringMatching(says) as string;
  await expect(redisTransport({ url, ...options })).rejects.toMatchObject({
    code: "TRANSPORT_REJECTED",
    retryable: false,
    message,
  });
  await expect(redisBackend({ url, ...options })).rejects.toMatchObject({
    code: "REDIS_FAILED",
    kind: "denied",
    retryable: false,
    message,
  });
  expect(systemClock.monotonic() - fromMs).toBeLessThan(atOnceMs);
}

describeOwnServer(
  "redis",
  (start) => {
    describe("TLS", () => {
      let certificates: Certificates;
      let redis: TlsServer;
      let ca: string;
      beforeAll(async () => {
        certificates = await Certificates.make();
        ca = await certificates.read("ca.crt");
        redis = await startTlsServer(start, { certificates });
      });
      afterAll(async () => {
        await redis[Symbol.asyncDispose]();
        certificates[Symbol.dispose]();
      });

      test("rediss: works with the authority of the certificate", async () => {
        const { url } = redis;
        await throughBoth(await redisTransport({ url, tls: { ca } }), await redisBackend({ url, tls: { ca } }));
        expect(await redisCli(redis.server, "info", "commandstats")).toContain("cmdstat_evalsha");
      });

      test("a certificate of an unknown authority is refused at once, with how to trust it", async () => {
        await expectRefusal(redis.url, /self-signed certificate.* NODE_EXTRA_CA_CERTS/);
      });

      test("a certificate of another host is refused at once, with how to name it", async () => {
        await using stranger = await startTlsServer(start, { certificates, as: "stranger" });
        await expectRefusal(stranger.url, /another host: .* servername/, { ca });
        const named = { ca, servername: "stranger.example" };
        await throughBoth(
          await redisTransport({ url: stranger.url, tls: named }),
          await redisBackend({ url: stranger.url, tls: named }),
        );
      });

      test("a server that wants a client's certificate is given it, or the error says that it wants one", async () => {
        await using strict = await startTlsServer(start, { certificates, wantsClients: true });
        await expectRefusal(strict.url, /a client's certificate .* cert, key/, { ca });
        const tls = { ca, cert: await certificates.read("client.crt"), key: await certificates.read("client.key") };
        await throughBoth(await redisTransport({ url: strict.url, tls }), await redisBackend({ url: strict.url, tls }));
      });

      test("a port that does not answer in TLS is told as such", async () => {
        const url = redis.server.url.replace("redis:", "rediss:");
        await expect(redisTransport({ url, tls: { ca } })).rejects.toMatchObject({
          code: "TRANSPORT_UNAVAILABLE",
          message: expect.stringContaining("Does it speak TLS") as string,
        });
      });

      test("TLS is never left out: plain text to the TLS port does not connect", async () => {
        await expect(redisTransport({ url: redis.url.replace("rediss:", "redis:") })).rejects.toMatchObject({
          code: "TRANSPORT_UNAVAILABLE",
        });
      });

      test("options of TLS with a URL that does not ask for it are refused", async () => {
        await expect(redisTransport({ url: redis.server.url, tls: { ca } })).rejects.toMatchObject({
          code: "CONFIGURATION_INVALID",
        });
      });
    });

    test("a wrong password is told at once, and is nowhere in the error", async () => {
      await using server = await start();
      await redisCli(server, "config", "set", "requirepass", "richtig");
      const { host } = new URL(server.url);
      for (const user of ["", "default", "nobody"]) {
        const url = `redis://${user}:geheim@${host}`;
        await expectRefusal(url, /WRONGPASS.*Check user name, password/);
        const error = await redisTransport({ url }).catch((cause: unknown) => cause);
        expect(inspect(error, { depth: 10, showHidden: true })).not.toContain("geheim");
      }
      await expectRefusal(`redis://${host}`, /NOAUTH/);
      const url = `redis://:richtig@${host}`;
      await throughBoth(await redisTransport({ url }), await redisBackend({ url }));
    });

    test("what a user may not do is told at once, with what it was", async () => {
      await using server = await start();
      await redisCli(server, "acl", "setuser", "reader", "on", ">pw", "~*", "&*", "+@all", "-evalsha", "-eval");
      const connection = await redisTransport({ url: server.url.replace("//", "//reader:pw@") });
      await expect(connection.declare({ queues: [{ name: "q" }] })).rejects.toMatchObject({
        code: "TRANSPORT_REJECTED",
        message: expect.stringMatching(/NOPERM.*evalsha/) as string,
      });
      await connection.close();
    });
  },
  ["private"],
);
