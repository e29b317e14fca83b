import { expect, test } from "vitest";

import { placesOf } from "./rpc-url.ts";

test.each([
  ["rpc://user:p%40ss@one,two:5673/shop", "amqp://user:p%40ss@one,two:5673/shop"],
  ["RPC://localhost", "amqp://localhost"],
  ["amqps://localhost/shop", "amqps://localhost/shop"],
])("%s leads to the server that it names", (url, base) => {
  expect(placesOf(url)).toEqual([{ base, options: {} }]);
});

test.each(["rpc://", "rpc:", "rpc:///"])("%s leads to the app's broker, with what says how that is reached", (url) => {
  const broker = [
    { url: "amqps://one/shop?queueType=classic&heartbeat=5s", tls: { ca: "x" }, maxPriority: 10 },
    { url: "redis://elsewhere" },
    { url: "amqp://two" },
  ];
  expect(placesOf(url, broker)).toEqual([
    { base: "amqps://one/shop", options: { heartbeat: "5s", tls: { ca: "x" } } },
    { base: "amqp://two", options: {} },
  ]);
});

test("options in its own query count more than those of the broker", () => {
  const [place] = placesOf("rpc://?heartbeat=2s&maxKeptBytes=1000", [{ url: "amqp://one?heartbeat=5s" }]);
  expect(place.options).toEqual({ heartbeat: "2s", maxKeptBytes: "1000" });
});

test.each([
  [[{ url: "redis://:secret@host" }], /no RabbitMQ but redis:\/\/[^ ]*@host/],
  [[], /not known by a URL/],
])("without a RabbitMQ among the app's brokers it is refused, with a way out", (broker, message) => {
  expect(() => placesOf("rpc://", broker)).toThrow(message);
  expect(() => placesOf("rpc://", broker)).not.toThrow(/secret/);
});

test("an option that it does not have is refused", () => {
  expect(() => placesOf("rpc://host?queueType=classic")).toThrow(/"queueType" is not an option/);
});
