import { once } from "node:events";
import net from "node:net";

import { defineScript, redisTarget } from "@lovage/client-redis";
import { ConfigurationError, silentLog, systemClock, virtualClock } from "@lovage/foundation";
import { describe, expect, onTestFinished, test } from "vitest";

import { Link } from "./link.ts";

interface Server {
  readonly url: string;
  readonly sockets: ReadonlySet<net.Socket>;
}

/** A server that gives to each command, as it stands on the wire, what `answer` says; nothing where that is undefined. */
async function serve(answer: (command: string) => string | undefined): Promise<Server> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.on("data", (bytes) => {
      for (const command of bytes.toString().split(/(?=\*\d+\r\n)/)) {
        const reply = answer(command);
        if (reply !== undefined) socket.write(reply);
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { url: `127.0.0.1:${(server.address() as net.AddressInfo).port}`, sockets };
}

test("closed while a server that says nothing is connected, it ends the calls that wait at once, and leaves no socket", async () => {
  const { url, sockets } = await serve(() => undefined);
  const target = redisTarget(`redis://${url}`, {});
  const link = new Link({ target, clock: virtualClock(), log: silentLog, name: "test", check: async () => {} });
  const calls = [link.call("PING", []), link.call("PING", [])];
  await expect.poll(() => sockets.size).toBe(1);
  link.close();
  for (const call of calls) await expect(call).rejects.toMatchObject({ code: "CLOSED" });
  await expect.poll(() => sockets.size).toBe(0);
});

test("who only looks does not wait for replicas", async () => {
  const heard: string[] = [];
  const { url } = await serve((command) => {
    heard.push(/\$\d+\r\n([^\r]*)/u.exec(command)?.[1] ?? "");
    return ":1\r\n";
  });
  const target = redisTarget(`redis://${url}`, { wait: 1 });
  const link = new Link({ target, clock: systemClock, log: silentLog, name: "test", check: async () => {} });
  onTestFinished(() => link.close());
  const script = defineScript("look", "return 1");
  expect(await link.look(script, ["k"], [])).toBe(1);
  expect(heard).not.toContain("WAIT");
  expect(await link.run(script, ["k"], [])).toBe(1);
  expect(heard.slice(-2)).toEqual(["EVALSHA", "WAIT"]);
});

interface Played {
  /** To `AUTH`. */
  answer: string;
  readonly warnings: string[];
  readonly link: Link;
  readonly cut: () => void;
}

async function open(check: () => Promise<void> = async () => {}): Promise<Played> {
  const played = { answer: "+OK" };
  const { url, sockets } = await serve((command) => (/AUTH/iu.test(command) ? `${played.answer}\r\n` : "+OK\r\n"));
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  const target = redisTarget(`redis://shop:secret@${url}`, {});
  const link = new Link({ target, clock: systemClock, log, name: "test", check });
  onTestFinished(() => link.close());
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return Object.assign(played, { warnings, link, cut });
}

describe("a server that refuses", () => {
  const wrongPassword = "-WRONGPASS invalid username-password pair or user is disabled.";
  const unavailable = { code: "BACKEND_UNAVAILABLE", retryable: true };

  test("the first connection is told at once, and for good", async () => {
    const played = await open();
    played.answer = wrongPassword;
    await expect(played.link.call("PING", [])).rejects.toMatchObject({ code: "REDIS_FAILED", retryable: false });
    expect(played.warnings).toEqual([]);
  });

  test("a later one is away until it lets in again, and that is said once", async () => {
    const played = await open();
    await played.link.call("PING", []);
    played.answer = wrongPassword;
    played.cut();
    await expect.poll(() => played.warnings).toHaveLength(1);
    for (const _ of [1, 2, 3]) {
      const call = played.link.call("PING", []);
      await expect(call).rejects.toMatchObject(unavailable);
      await expect(call).rejects.toThrow("WRONGPASS");
    }
    expect(played.warnings.slice(1)).toEqual(["The backend refuses the connection."]);
    played.answer = "+OK";
    await played.link.call("PING", []);
  });

  test("one that came back and is not what it has to be is away as well", async () => {
    const faults: Error[] = [];
    const played = await open(async () => {
      for (const fault of faults) throw fault;
    });
    await played.link.call("PING", []);
    faults.push(new ConfigurationError("It may lose data."));
    played.cut();
    await expect.poll(() => played.warnings).toHaveLength(1);
    await expect(played.link.call("PING", [])).rejects.toMatchObject(unavailable);
  });
});
