/** Signs of what went wrong between two that speak TLS, or of whom only one does: codes of Node and of OpenSSL, and what to do. */
const signs: readonly (readonly [sign: RegExp, advice: string])[] = [
  [
    /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_SIGNATURE_FAILURE|self-signed certificate|unable to (verify|get)/,
    "Its certificate cannot be trusted: give that of its authority (tls: { ca }, or NODE_EXTRA_CA_CERTS in the environment).",
  ],
  [
    /ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate's altnames/,
    "Its certificate is for another host: connect by a name that stands in it, or give that name (tls: { servername }).",
  ],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, "Its certificate is not valid now: renew it, or look at the clocks."],
  [
    /ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)/,
    "It does not speak TLS at this port: take its TLS port, or the URL without TLS.",
  ],
  [
    /ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN)/,
    "It wants a client's certificate that it trusts: give one (tls: { cert, key }).",
  ],
];

/** What to do about a fault of TLS, which no repetition mends; `undefined` for other errors. */
export function tlsAdviceFor(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const text = `${"code" in error ? String(error.code) : ""} ${error.message}`;
  return signs.find(([sign]) => sign.test(text))?.[1];
}
