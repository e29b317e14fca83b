import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { probes } from "./probes.ts";

let server: net.Server;
let answer: string;

beforeEach(async () => {
  server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write(answer, "latin1"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
});
afterEach(() => void server.close());

const at = (scheme: string) => new URL(`${scheme}://127.0.0.1:${(server.address() as net.AddressInfo).port}`);

describe("Redis", () => {
  test("that is loading its data is not there yet", async () => {
    answer = "-LOADING Redis is loading the dataset in memory\r\n";
    await expect(probes.redis(at("redis"))).rejects.toThrow('it answers "LOADING Redis is loading');
  });

  test("that refuses the password is not there", async () => {
    answer = "-WRONGPASS invalid username-password pair\r\n";
    await expect(probes.redis(at("redis"))).rejects.toThrow("WRONGPASS");
  });

  test("that tells no version answers all the same", async () => {
    answer = "$0\r\n\r\n+PONG\r\n";
    await expect(probes.redis(at("redis"))).resolves.toBe("");
  });
});

function refusal(code: string, message: string): string {
  const fields = `SFATAL\0C${code}\0M${message}\0\0`;
  return `E\0\0\0${String.fromCharCode(4 + fields.length)}${fields}`;
}

describe("PostgreSQL", () => {
  test("that is starting is not there yet", async () => {
    answer = refusal("57P03", "the database system is starting up");
    await expect(probes.postgres(at("postgres"))).rejects.toThrow("it is still starting");
  });

  test("that lets nobody in from here tells so", async () => {
    answer = refusal("28000", "no entry for this host");
    await expect(probes.postgres(at("postgres"))).rejects.toThrow("it refuses: no entry for this host");
  });

  test("that trusts everybody but does not know the user tells so", async () => {
    answer = `R\0\0\0\u0008\0\0\0\0${refusal("28000", "role does not exist")}`;
    await expect(probes.postgres(at("postgres"))).rejects.toThrow("it refuses: role does not exist");
  });

  test("that asks for a password is there", async () => {
    answer = "R\0\0\0\u0008\0\0\0\u0003";
    await expect(probes.postgres(at("postgres"))).resolves.toBe("");
  });
});

test.each([
  ["redis", "redis", "its answer is not that of Redis"],
  ["rabbitmq", "amqp", "its answer is not that of an AMQP 0-9-1 broker"],
  ["postgres", "postgres", "its answer is not that of PostgreSQL"],
  ["sqs", "http", "its answer (400) is not that of SQS"],
] as const)("%s is not mistaken for a web server", async (name, scheme, reason) => {
  answer = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
  await expect(probes[name](at(scheme))).rejects.toThrow(reason);
});

test.each(["redis", "rabbitmq", "postgres", "sqs"] as const)("%s is not there when nobody listens", async (name) => {
  const url = at("http");
  server.close();
  await once(server, "close");
  await expect(probes[name](url)).rejects.toThrow("ECONNREFUSED");
});
