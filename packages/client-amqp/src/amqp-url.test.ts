import { expect, it } from "vitest";
import { parseAmqpUrl } from "./amqp-url.ts";

const guest = { username: "guest", password: "guest" };

it.each([
  ["amqp://", { hosts: [{ host: "localhost", port: 5672 }], tls: false, ...guest, vhost: "/" }],
  [
    "amqp://guest:guest@127.0.0.1:5672//",
    { hosts: [{ host: "127.0.0.1", port: 5672 }], tls: false, ...guest, vhost: "/" },
  ],
  [
    "amqps://one,two:5999,[::1]/shop",
    {
      hosts: [
        { host: "one", port: 5671 },
        { host: "two", port: 5999 },
        { host: "::1", port: 5671 },
      ],
      tls: true,
      ...guest,
      vhost: "shop",
    },
  ],
  [
    "amqp://us%40er:p%2Fw@host/a%2Fb",
    {
      hosts: [{ host: "host", port: 5672 }],
      tls: false,
      username: "us@er",
      password: "p/w",
      vhost: "a/b",
    },
  ],
  [
    "amqp://user:p/s@s@host/v%40x",
    { hosts: [{ host: "host", port: 5672 }], tls: false, username: "user", password: "p/s@s", vhost: "v@x" },
  ],
])("reads %s", (url, location) => {
  expect(parseAmqpUrl(url)).toEqual(location);
});

it.each([
  "amqp://host:0",
  "amqp://host:99999",
  "redis://host",
  "amqp://a b/c",
  "amqp://user:s3cret%@host",
  "amqp://user:s3cret@host/v@x",
  "amqp:/user:s3cret@host",
  "amqp:///user:s3cret@host",
])("refuses %s and shows no password", (url) => {
  expect(() => parseAmqpUrl(url)).toThrow(expect.objectContaining({ code: "CONFIGURATION_INVALID" }));
  expect(() => parseAmqpUrl(url)).not.toThrow(/s3cret/u);
});
