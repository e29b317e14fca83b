import type { ConfirmChannel } from "amqplib";
import { expect, test } from "vitest";
import { publishOn } from "./publish-on.ts";

test("gives the client what it writes, the headers as they are, and the confirm in its turn", () => {
  const calls: unknown[][] = [];
  const channel = {
    sendMessage: (...call: readonly unknown[]) => calls.push([...call]) > 1,
    pushConfirmCallback: (...call: readonly unknown[]) => void calls.push([...call]),
  } as unknown as ConfirmChannel;
  const properties = { headers: { task: "mail" }, messageId: "one", deliveryMode: 2, mandatory: true } as const;
  const [body, onConfirm] = [Buffer.from("x"), (): void => {}];
  const hasRoom = publishOn(channel, { exchange: "", routingKey: "mail", properties, body }, onConfirm);
  expect(hasRoom).toBe(false);
  expect(calls).toEqual([[{ exchange: "", routingKey: "mail", mandatory: true }, properties, body], [onConfirm]]);
});
