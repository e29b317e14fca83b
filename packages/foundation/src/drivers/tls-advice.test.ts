import { expect, it } from "vitest";

import { tlsAdviceFor } from "./tls-advice.ts";

it.each([
  ["SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "NODE_EXTRA_CA_CERTS"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "servername"],
  ["CERT_HAS_EXPIRED", "renew"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "does not speak TLS"],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "cert, key"],
])("says what to do about %s", (code, advice) => {
  expect(tlsAdviceFor(Object.assign(new Error("refused"), { code }))).toContain(advice);
});

it("has nothing to say to other errors", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" });
  expect([tlsAdviceFor(refused), tlsAdviceFor("SELF_SIGNED_CERT")]).toEqual([undefined, undefined]);
});
