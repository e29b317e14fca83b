import { ClosedError } from "@lovage/foundation";
import type { OutgoingMessage } from "@lovage/transport";
import { expect, test, vi } from "vitest";

import { noMarks } from "../wire/message-codec.ts";
import { followUp, Scene } from "./test-support/publisher-scene.ts";
import { SentMessages } from "./sent-messages.ts";

test("what nobody waits for any more is not sent again once its queue has been made again", async () => {
  const scene = new Scene().begin();
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  const outcome = scene.publish("one", "mail", 1_000);
  await scene.clock.advance(0);
  scene.channels[0]?.return("one");
  await scene.clock.advance(1_000);
  expect(await outcome).toBe("PUBLISH_TIMEOUT");
  resolve();
  await scene.clock.advance(0);
  expect([scene.redeclared, scene.channels[0]?.sent.length]).toEqual([["mail"], 1]);
  scene.publisher.close();
});

test("a confirm that came while the event loop was blocked counts, also where the time of its caller was over before it could be read", async () => {
  const scene = new Scene().begin();
  const timer = vi.spyOn(scene.clock, "timer");
  const outcome = scene.publish("one", "mail", 1_000);
  await scene.clock.advance(0);
  // Overdue timers run before sockets are read.
  timer.mock.calls[0]?.[1]();
  scene.channels[0]?.confirms[0]?.(null);
  expect(await outcome).toBe("accepted");
  scene.publisher.close();
});

test("an exchange that was declared and may be gone, since it cost the channel, is made again before the next message", async () => {
  const scene = new Scene().begin();
  const to = { exchange: "events", routingKey: "created" };
  const first = scene.publish("one", to);
  await scene.clock.advance(0);
  const { promise, resolve } = Promise.withResolvers<void>();
  scene.declared = promise;
  scene.channels[0]?.emit("error", new Error('Channel closed by server: 404 (NOT-FOUND) with message "no exchange"'));
  scene.channels[0]?.emit("close");
  expect(await first).toBe("PUBLISH_UNCERTAIN");
  await scene.clock.advance(1_000);
  const second = scene.publish("two", to);
  await scene.clock.advance(0);
  expect(scene.channels[1]?.sent).toEqual([]);
  resolve();
  await scene.clock.advance(0);
  scene.channels[1]?.confirms[0]?.(null);
  expect([await second, scene.redeclared]).toEqual(["accepted", ["events"]]);
  scene.publisher.close();
  expect(scene.clock.pending).toBe(0);
});

test("an exchange whose name the protocol has no room for is refused before any I/O", async () => {
  const scene = new Scene().begin();
  const to = { exchange: "x".repeat(300), routingKey: "" };
  expect(await scene.publish("one", to)).toBe("OPTION_INVALID");
  scene.publisher.close();
});

test("headers that go into no table are refused before any I/O for a queue that Celery reads, which would drop the message", () => {
  const { publisher } = new Scene();
  const properties = { messageId: "one", contentType: "application/json", contentEncoding: "utf-8" };
  const check = (to: string, headers: OutgoingMessage["headers"]): void =>
    publisher.check([{ to, properties, headers, body: Buffer.from("[]") }]);
  const long = { ["x".repeat(300)]: 1 };
  check("mail", long);
  expect(() => check("celery", long)).toThrow("Names of headers");
  expect(() => check("celery", { token: "t".repeat(60_000) })).toThrow(
    expect.objectContaining({ code: "MESSAGE_TOO_LARGE" }),
  );
  check("celery", { token: "t".repeat(40_000), nested: { list: [1, null] } });
  publisher.close();
});

test("what belongs to a delivery that is lost while it waits to be written is not written any more", async () => {
  const scene = new Scene();
  const { publisher, clock } = scene;
  const properties = { messageId: "one", contentType: "application/json", contentEncoding: "utf-8" };
  const message = { properties, headers: {}, body: Buffer.from("[]") };
  const held = new AbortController();
  const { signal } = held;
  const publications = [
    publisher.publish([{ ...message, to: "mail" }], { signal }),
    publisher.forward(message, "mail.dead", { marks: noMarks, signal }),
    publisher.renew(message, "mail.held.X", { marks: noMarks, signal }),
  ];
  const outcomes = Promise.allSettled(publications);
  held.abort(new ClosedError('The consumer of queue "mail" is closed.'));
  publications.push(publisher.forward(message, "mail", { marks: noMarks, signal }));
  await expect(publications.at(-1)).rejects.toMatchObject({ code: "CLOSED" });
  scene.begin();
  await clock.advance(1_000);
  expect((await outcomes).map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(scene.channels.map(({ sent }) => sent)).toEqual([[]]);
  publisher.close();
  expect(clock.pending).toBe(0);
});

/** As it is known again. */
function nameOf(to: string): string {
  return SentMessages.namesOf([{ message: followUp(to), to, marks: noMarks, delayMs: 0 }])[0]!;
}

test("tells of each message that was accepted, also where the call fails or is given up", async () => {
  const scene = new Scene().begin();
  for (const [refusal, code] of [
    [new Error("message nacked"), "PUBLISH_FAILED"],
    [undefined, "PUBLISH_TIMEOUT"],
  ] as const) {
    const sent = new SentMessages();
    const outcome = scene.publisher.publish([followUp("free"), followUp("full")], { timeoutMs: 100, sent });
    outcome.catch(() => {});
    await scene.clock.advance(0);
    const [free, full] = scene.channels.at(-1)?.confirms.slice(-2) ?? [];
    free?.(null);
    if (refusal !== undefined) full?.(refusal);
    await scene.clock.advance(100);
    await expect(outcome).rejects.toMatchObject({ code });
    expect(["free", "full"].map((to) => sent.isAccepted(nameOf(to)))).toEqual([true, false]);
  }
  scene.publisher.close();
});
