import { exchange } from "../probe/exchange.ts";
import { addressOf } from "../probe/probe.ts";

const protocolHeader = Buffer.from("AMQP\0\0\u0009\u0001");
const methodFrame = 1;
const connectionStart = 0x000a_000a;
const bytesBeforeMethod = 7;

/** Whether an AMQP 0-9-1 broker answers the protocol header with Connection.Start. It listens once it has booted. */
export async function probeRabbitmq(url: URL): Promise<string> {
  const usesTls = url.protocol === "amqps:";
  const address = addressOf(url, usesTls ? 5671 : 5672);
  return await exchange({ ...address, usesTls, question: protocolHeader, read: readStart });
}

function readStart(bytes: Buffer): string | undefined {
  if (bytes.length < bytesBeforeMethod) return undefined;
  if (bytes[0] !== methodFrame) throw new Error("its answer is not that of an AMQP 0-9-1 broker");
  if (bytes.length < bytesBeforeMethod + bytes.readUInt32BE(3)) return undefined;
  if (bytes.readUInt32BE(bytesBeforeMethod) !== connectionStart) throw new Error("its answer is not Connection.Start");
  return readVersion(bytes);
}

/** The table of server properties holds `version` as name, the letter S, a length of four bytes, and the text. */
function readVersion(bytes: Buffer): string {
  const name = Buffer.from("\u0007versionS");
  const at = bytes.indexOf(name);
  if (at < 0) return "";
  const start = at + name.length + 4;
  return bytes.toString("utf8", start, start + bytes.readUInt32BE(start - 4));
}
