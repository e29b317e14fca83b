import { expect, test } from "vitest";

import { closedBy } from "./closed-by.ts";

const letter = (exchange: string, routingKey: string) => ({
  exchange,
  routingKey,
  body: Buffer.from(routingKey),
  properties: { deliveryMode: 2 } as const,
});
const [mail, created, deleted] = [letter("", "mail"), letter("events", "created"), letter("events", "deleted")];
const odd = letter("events", "in exchange 'x'");

test.each([
  ["write access to exchange 'amq.default' in vhost '/' refused for user 'shop'", mail],
  ["access to exchange 'events' in vhost '/' refused for user 'shop'", created],
  ["access to topic 'deleted' in exchange 'events' in vhost '/' refused for user 'shop'", deleted],
  ["write access to topic 'deleted' in exchange 'events' in vhost '/' refused for user 'shop'", deleted],
  ["write access to topic 'in exchange 'x'' in exchange 'events' in vhost '/' refused for user 'shop'", odd],
  ["write access to topic 'unknown' in exchange 'events' in vhost '/' refused for user 'shop'", undefined],
  ["write access to exchange 'other' in vhost '/' refused for user 'shop'", undefined],
  ["refused", undefined],
])("a channel that was closed with 403 and the text: %s", (text, expected) => {
  const cause = Object.assign(new Error(`Channel closed by server: 403 (ACCESS-REFUSED) with message "${text}"`), {
    code: 403,
  });
  expect(closedBy(cause, [mail, created, deleted, odd], new Set())).toBe(expected);
});

test("where an exchange that has taken messages is closed to a user, nobody is blamed while several are on their way to it: it may have taken the first", () => {
  const text = "ACCESS_REFUSED - write access to exchange 'events' in vhost '/' refused for user 'shop'";
  const cause = Object.assign(new Error(text), { code: 403 });
  expect(closedBy(cause, [mail, created, deleted], new Set(["events"]))).toBeUndefined();
  expect(closedBy(cause, [mail, created, deleted], new Set([""]))).toBe(created);
  expect(closedBy(cause, [mail, deleted], new Set(["events"]))).toBe(deleted);
});
