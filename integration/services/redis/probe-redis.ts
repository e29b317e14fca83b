import { exchange } from "../probe/exchange.ts";
import { addressOf } from "../probe/probe.ts";

/** Whether Redis, or a server that speaks its protocol, answers a PING, and takes the password of the URL. */
export async function probeRedis(url: URL): Promise<string> {
  const credentials = [url.username, url.password]
    .filter((part) => part !== "")
    .map((part) => decodeURIComponent(part));
  const login = credentials.length > 0 ? encode(["AUTH", ...credentials]) : "";
  return await exchange({
    ...addressOf(url, 6379),
    usesTls: url.protocol === "rediss:",
    question: Buffer.from(`${login}${encode(["INFO", "server"])}${encode(["PING"])}`),
    read: readAnswer,
  });
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

function readAnswer(bytes: Buffer): string | undefined {
  const text = bytes.toString();
  // Also while it loads its data it answers, with an error.
  const refusal = /^-(.*)\r\n/mu.exec(text)?.[1];
  if (refusal !== undefined) throw new Error(`it answers "${refusal}"`);
  if (!/^[+$]/u.test(text)) throw new Error("its answer is not that of Redis");
  return text.endsWith("+PONG\r\n") ? (/^redis_version:(.*)\r$/mu.exec(text)?.[1] ?? "") : undefined;
}
