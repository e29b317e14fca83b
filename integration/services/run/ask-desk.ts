import { once } from "node:events";
import net from "node:net";
import { text } from "node:stream/consumers";
import { inject } from "vitest";
import type { DeskAnswer, DeskQuestion } from "./desk-question.ts";

/** Asks the desk of this test run. The first who ask for a service wait until it is there. */
export async function askDesk(question: DeskQuestion): Promise<DeskAnswer> {
  const socket = net.connect({ host: "127.0.0.1", port: inject("serviceDeskPort") });
  await once(socket, "connect");
  socket.write(`${JSON.stringify(question)}\n`);
  return JSON.parse(await text(socket)) as DeskAnswer;
}
