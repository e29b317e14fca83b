import { exchange } from "../probe/exchange.ts";
import { addressOf } from "../probe/probe.ts";

const protocolVersion = 0x0003_0000;
const sslRequest = 80_877_103;
const granted = "R\0\0\0\u0008\0\0\0\0";
// The state of the transaction follows it.
const readyForQuery = "Z\0\0\0\u0005";
const startingUp = "57P03";

/** Whether PostgreSQL answers a startup packet; it need not let us in. */
export async function probePostgres(url: URL): Promise<string> {
  const wantsSsl = /^(?:require|verify-)/u.test(url.searchParams.get("sslmode") ?? "");
  return await exchange({
    ...addressOf(url, 5432),
    question: wantsSsl ? packet(sslRequest, "") : startupPacket(url),
    read: wantsSsl ? readSslAnswer : readAnswer,
  });
}

function startupPacket(url: URL): Buffer {
  const user = decodeURIComponent(url.username) || "postgres";
  const database = decodeURIComponent(url.pathname.slice(1)) || user;
  return packet(protocolVersion, ["user", user, "database", database, "", ""].join("\0"));
}

function packet(code: number, rest: string): Buffer {
  const body = Buffer.from(rest);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(code, 4);
  return Buffer.concat([head, body]);
}

function readSslAnswer(bytes: Buffer): string | undefined {
  if (bytes.toString() !== "S") throw new Error("it does not speak TLS, which the URL asks for");
  return "";
}

/** R asks for authentication or grants it; the version comes only to those who are let in. */
function readAnswer(bytes: Buffer): string | undefined {
  const kind = bytes.toString("latin1", 0, 1);
  if (kind !== "R" && kind !== "E") throw new Error("its answer is not that of PostgreSQL");
  if (bytes.length < 5 || bytes.length < 1 + bytes.readInt32BE(1)) return undefined;
  if (kind === "E") return refuse(bytes);
  return bytes.toString("latin1").startsWith(granted) ? readGreeting(bytes.subarray(granted.length)) : "";
}

/** Who may come in is told parameters and then, at the end, that it is time for a query; or that there is no such user. */
function readGreeting(bytes: Buffer): string | undefined {
  if (bytes.toString("latin1", 0, 1) === "E") return readAnswer(bytes);
  const text = bytes.toString("latin1");
  if (!text.slice(0, -1).endsWith(readyForQuery)) return undefined;
  return /server_version\0([^\0 ]*)/u.exec(text)?.[1] ?? "";
}

function refuse(bytes: Buffer): never {
  const fields = bytes.toString("utf8", 5).split("\0");
  const code = fields.find((field) => field.startsWith("C"))?.slice(1);
  const text = fields.find((field) => field.startsWith("M"))?.slice(1) ?? "no reason";
  throw new Error(code === startingUp ? "it is still starting" : `it refuses: ${text}`);
}
