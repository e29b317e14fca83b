import { expect, test } from "vitest";

import { readRedirection } from "./redirection.ts";

const from = { host: "here", port: 7000 };
const reply = (message: string): Error => Object.assign(new Error(message), { name: "ReplyError" });

test.each([
  ["MOVED 3999 127.0.0.1:6381", { kind: "moved", to: { host: "127.0.0.1", port: 6381 } }],
  ["ASK 3999 node-2.example:6381", { kind: "ask", to: { host: "node-2.example", port: 6381 } }],
  ["MOVED 3999 :6381", { kind: "moved", to: { host: "here", port: 6381 } }],
  ["MOVED 3999 ?:6381", { kind: "moved", to: { host: "here", port: 6381 } }],
  ["MOVED 3999 fe80::1:6381", { kind: "moved", to: { host: "fe80::1", port: 6381 } }],
  ["TRYAGAIN Multiple keys request during rehashing of slot", { kind: "again" }],
])("%s is read", (message, redirection) => {
  expect(readRedirection(reply(message), from)).toEqual(redirection);
});

test.each(["ERR MOVED", "MOVED", "CLUSTERDOWN Hash slot not served", "MOVED x y"])(
  "%s is no redirection",
  (message) => {
    expect(readRedirection(reply(message), from)).toBeUndefined();
  },
);

test("only a server redirects", () => {
  expect(readRedirection(new Error("MOVED 3999 127.0.0.1:6381"), from)).toBeUndefined();
  expect(readRedirection("MOVED 3999 127.0.0.1:6381", from)).toBeUndefined();
});
