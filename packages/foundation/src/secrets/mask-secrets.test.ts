import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { maskSecrets, maskUrl } from "./mask-secrets.ts";

describe.each([
  // What brokers are reached by.
  ["redis://:secret@localhost:6379/0", "redis://:***@localhost:6379/0"],
  ["rediss://default:secret@h:6380/1", "rediss://default:***@h:6380/1"],
  ["amqp://guest:secret@rabbit/%2f", "amqp://guest:***@rabbit/%2f"],
  ["postgres://u:secret@h/db?sslmode=verify-full", "postgres://u:***@h/db?sslmode=verify-full"],
  ["sqs://AKIA:secret@eu-west-1/queue", "sqs://AKIA:***@eu-west-1/queue"],
  ["redis://secret@localhost", "redis://***@localhost"],
  ["redis://secret:@localhost", "redis://***@localhost"],
  ["REDIS://:secret@h", "REDIS://:***@h"],
  ["amqp://u:secret@[::1]:5672/v", "amqp://u:***@[::1]:5672/v"],
  // Query values.
  ["postgres://h/db?user=bob&password=secret&x=1", "postgres://h/db?user=bob&password=***&x=1"],
  ["sqlite:queue.db?password=secret", "sqlite:queue.db?password=***"],
  ["https://h/?X-Amz-Signature=secret&X-Amz-Date=1", "https://h/?X-Amz-Signature=***&X-Amz-Date=1"],
  ["https://h/?access_token=secret#id_token=secret", "https://h/?access_token=***"],
  ["https://h/?api-key=secret&apiKey=secret&sslpassword=secret", "https://h/?api-key=***&apiKey=***&sslpassword=***"],
  ["https://h/?pass%77ord=secret", "https://h/?pass%77ord=***"],
  ["redis://u:secret@h/0?email=bob@x.org", "redis://u:***@x.org"],
  // Passwords that break the URL.
  ["redis://:se@cret@localhost/0", "redis://:***@localhost/0"],
  ["redis://:se/cret@localhost/0", "redis://:***@localhost/0"],
  ["redis://:se?cret@localhost/0", "redis://:***@localhost/0"],
  ["redis://:se#cret@localhost/0", "redis://:***@localhost/0"],
  ["redis://:12/secret@localhost/0", "redis://:***@localhost/0"],
  ["redis://u:se?x=cret@localhost/0", "redis://u:***@localhost/0"],
  ["redis://u:12?x=secret@localhost/0", "redis://u:***@localhost/0"],
  ["redis://u:s@c/r?t@localhost/0?x=1", "redis://u:***@localhost/0?x=1"],
  ["https://u:se/cret@h/p", "https://u:***@h/p"],
  // Without a host: what should be its port may be a password.
  ["redis://default:secret", "redis://default:***"],
  ["redis://:secret/0", "redis://:***"],
  ["redis://a:6379,:se/cret", "redis://a:6379,:***"],
  ["amqp://u:secret/?x=1", "amqp://u:***"],
  // With too few or too many slashes, as where a part of a template is empty.
  ["amqp:/u:secret@h", "amqp:/u:***@h"],
  ["redis:/u:secret@localhost", "redis:/u:***@localhost"],
  ["rpc:/:secret@h", "rpc:/:***@h"],
  ["postgres:/u:se@cret@h/db", "postgres:/u:***@h/db"],
  ["amqp:///u:secret@h", "amqp:///u:***@h"],
  ["redis:///:secret@h/0", "redis:///:***@h/0"],
  ["sqs:////secret@h", "sqs:////***@h"],
  ["amqp:/u:secret@a;amqp:/u:secret@b", "amqp:/u:***@b"],
  // Several hosts and lists.
  ["amqp://u:secret@a:1,b:2,c:3/v", "amqp://u:***@a:1,b:2,c:3/v"],
  ["amqp://u:secret@a:1,v:secret@b:2", "amqp://u:***@b:2"],
  ["sentinel://:secret@a:26379;sentinel://:secret@b:26379", "sentinel://:***@a:26379;sentinel://:***@b:26379"],
  ["redis://:secret@a,amqp://u:secret@b", "redis://:***@a,amqp://u:***@b"],
])("%s", (url, shown) => {
  test("alone", () => expect(maskUrl(url)).toBe(shown));
  test("inside a text", () => expect(maskSecrets(`cannot reach "${url}" now`)).toBe(`cannot reach "${shown}" now`));
});

test.each([
  "redis://localhost:6379/0",
  "memory:",
  "sqlite:.lovage/queue.db",
  "amqp://a:5672,b:5672/v",
  "amqp://[::1]:5672",
  "https://registry/node_modules/@scope/package?x=1#y",
  "http://localhost:4873/@scope/package",
  "http://localhost:port/path",
  "file:///home/me/node_modules/@scope/package/index.js",
  "file:///C:/repo/node_modules/@scope/package/index.js",
  "C:/repo/node_modules/@scope/package/index.js:3:1",
  "sqlite:/var/lib/queue.db",
  "postgres:///shop",
  "postgres://h/db?sslmode=require&application_name=shop",
  "mail bob@example.org about https://example.org/x, please",
  `{"url":"redis://localhost:6379","email":"bob@example.org"}`,
  "",
  "://",
  "a://://b",
])("%s holds no secret and stays as it is", (text) => {
  expect(maskSecrets(text)).toBe(text);
});

test("a password with spaces and quotes is masked where the whole text is the URL", () => {
  expect(maskUrl(`redis://:my "se cret"@localhost`)).toBe("redis://:***@localhost");
});

test.each([
  ["host=h password='it is secret' user=u", "host=h password=*** user=u"],
  [`token=""secret, x`, "token=*** x"],
  [`token="secret and the end is cut`, "token=***"],
  [`{"url":"sqs://h?token=secret","queue":"mail"}`, `{"url":"sqs://h?token=***","queue":"mail"}`],
])("the value of a secret name is masked in %s", (text, shown) => {
  expect(maskSecrets(text)).toBe(shown);
});

test("a password with a quote is masked inside a text too", () => {
  expect(maskSecrets(`at redis://:se"cret@localhost now`)).toBe("at redis://:***@localhost now");
});

test("a URL whose scheme was forgotten is masked where the whole text is the URL", () => {
  expect(maskUrl("guest:secret@localhost:5672")).toBe("guest:***@localhost:5672");
  expect(maskUrl(":se/cret@localhost")).toBe(":***@localhost");
  expect(maskUrl("redis//:secret@localhost/0")).toBe("redis//:***@localhost/0");
  expect(maskUrl("//guest:secret@localhost")).toBe("//guest:***@localhost");
  expect(maskUrl("localhost:5672")).toBe("localhost:5672");
});

const secret = fc.stringMatching(/^[a-zA-Z0-9!$%&'()*+,;=:@/?#[\]._~-]{1,12}$/).map((text) => `s3cr3t${text}s3cr3t`);

test("no password, however it is written, is shown", () => {
  fc.assert(
    fc.property(fc.constantFrom("redis", "amqp", "postgres"), secret, fc.boolean(), (scheme, password, isList) => {
      fc.pre(!password.includes("://"));
      const url = `${scheme}://user:${password}@host:6379/0`;
      const shown = maskUrl(isList ? `${url};${url}` : url);
      expect(shown).not.toContain("s3cr3t");
    }),
  );
});

test("no percent-encoded password is shown, wherever its URL stands in a text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), fc.string(), (password, before, after) => {
      const encoded = encodeURIComponent(`s3cr3t${password.toWellFormed()}`);
      expect(maskSecrets(`${before} redis://u:${encoded}@host/0 ${after}`)).not.toContain("s3cr3t");
    }),
  );
});

const snippet = fc.constantFrom(
  "://",
  "a",
  "@",
  ":",
  "/",
  ":/",
  "?",
  "#",
  "=",
  ";",
  ",",
  '"',
  " ",
  "token",
  "redis",
  "é",
  "%",
);

test("what reads as one URL only once a part of it is masked is masked as one", () => {
  expect(maskSecrets("://a:/://@")).toBe("://a:***@");
  expect(maskSecrets("://@token=:redis@/")).toBe("://***@token=***");
});

test("masking a masked text changes nothing", () => {
  fc.assert(
    fc.property(fc.array(snippet, { maxLength: 30 }), (parts) => {
      const once = maskSecrets(parts.join(""));
      expect(maskSecrets(once)).toBe(once);
    }),
    { numRuns: 2_000 },
  );
});

test("hostile texts take time linear in their length", () => {
  const hostile = [
    "a",
    "://",
    "a://",
    "a://b@",
    ":@/",
    "a=",
    `a="`,
    `a='"`,
    "?#@",
    "[",
    "a:",
    "a:/",
    "a:///b:",
    "%",
    ",;",
    '"a://:',
  ];
  for (const part of hostile) {
    for (const mask of [maskSecrets, maskUrl]) {
      const text = `redis://${part.repeat(100_000 / part.length)}`;
      const before = process.cpuUsage();
      mask(text);
      // Of the processor's time, so that a busy machine changes nothing; what grows with the square takes minutes.
      expect(process.cpuUsage(before).user, `${mask.name} of ${part}, in µs`).toBeLessThan(1_000_000);
    }
  }
});
