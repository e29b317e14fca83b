const masked = "***";

/** The longest scheme that is looked for; the registered ones are shorter. */
const maxSchemeLength = 40;

/** Ends a URL inside other text. */
const urlEnd = /[\s"'`<>]/;

/**
 * `name=value`, the value quoted (to the end of the text where the quote is not closed) or up to the next separator.
 * The bound on the name keeps the search linear.
 */
const pair = /([\w.%-]{1,64})=(?:"[^"]*(?:"|$)|'[^']*(?:'|$))*[^\s&"'`<>]*/g;

const secretPart =
  /passw|passphrase|secret|token|credential|signature|apikey|accesskey|privatekey|sharedkey|encryptionkey|signingkey/;
const secretWhole = new Set(["pass", "pwd", "pw", "sig", "auth", "authorization", "jwt"]);

/**
 * Masks the secrets of every URL in a text: the password (or a lone user, which often is a token) before the `@`, and
 * the value of each `name=value` whose name looks secret. Unsure cases are masked rather than shown. Takes time
 * linear in the length of the text; masking twice changes nothing.
 */
export function maskSecrets(text: string): string {
  // What a mask replaces may have held two parts asunder that now read as one URL, hence a second look.
  return maskOnce(maskOnce(text));
}

function maskOnce(text: string): string {
  return maskPairs(maskUserinfos(text, urlEnd).replaceAll(/[^\s"'`<>]+/g, maskMisslashed));
}

/** What stands before the userinfo where the colon of the scheme is missing, or all of the scheme. */
const withoutColon = /^(?:[a-z][a-z0-9+.-]{0,39}(?=\/\/))?\/*/i;

/**
 * Masks the secrets of one URL, or of a list of URLs separated by commas or semicolons. Unlike {@link maskSecrets} it
 * takes the whole text as URLs, so a password may hold spaces and quotes, and the scheme may be missing.
 */
export function maskUrl(text: string): string {
  if (/:\//.test(text)) return maskPairs(maskMisslashed(maskUserinfos(text, undefined)));
  const start = withoutColon.exec(text)?.[0].length ?? 0;
  return maskPairs(text.slice(0, start) + maskUserinfo(text.slice(start), true, undefined));
}

function maskPairs(text: string): string {
  return text.replace(pair, (whole, name: string) => (looksSecret(name) ? `${name}=${masked}` : whole));
}

function looksSecret(name: string): boolean {
  const plain = decodeName(name)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, "");
  return secretWhole.has(plain) || secretPart.test(plain);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    // A stray percent sign: the name is then what it says.
    return name;
  }
}

/** The part of a URL before its userinfo, where the slashes are not two. */
const misslashed = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,39}:(?:\/|\/{3,})(?!\/)/gi;

/** Masks the userinfo of what would be a URL if it had two slashes. */
function maskMisslashed(text: string): string {
  const at = text.lastIndexOf("@");
  if (at < 0) return text;
  for (const { 0: start, index } of text.matchAll(misslashed)) {
    const from = index + start.length;
    const length = text.slice(from, at + 1).search(/[/:@]/);
    // Paths, of files above all, have an "@" behind a slash.
    if (from > at || text[from + length] === "/" || /^file:/i.test(start)) continue;
    const shown = text[from + length] === ":" ? length + 1 : 0;
    return text.slice(0, from + shown) + masked + text.slice(at);
  }
  return text;
}

/** Walks from one `://` to the next; everything between belongs to at most one URL. */
function maskUserinfos(text: string, end: RegExp | undefined): string {
  let result = "";
  let done = 0;
  let separator = text.indexOf("://");
  while (separator >= 0) {
    const start = separator + 3;
    const next = text.indexOf("://", start);
    const stop = next < 0 ? text.length : schemeStart(text, next, start);
    result += text.slice(done, start) + maskUserinfo(text.slice(start, stop), isWeb(text, separator), end);
    done = stop;
    separator = next;
  }
  return result + text.slice(done);
}

function schemeStart(text: string, separator: number, lowest: number): number {
  const limit = Math.max(lowest, separator - maxSchemeLength);
  let start = separator;
  while (start > limit && /[a-z0-9+.-]/i.test(text.charAt(start - 1))) start -= 1;
  return start;
}

function isWeb(text: string, separator: number): boolean {
  return /https?$/i.test(text.slice(Math.max(0, separator - 5), separator));
}

/** Masks the userinfo at the start of `rest`, which is what follows a `://`. */
function maskUserinfo(rest: string, web: boolean, end: RegExp | undefined): string {
  const at = findAt(rest, web, end);
  if (at < 0) return web ? rest : maskHostless(rest, end);
  const userinfo = rest.slice(0, at);
  const colon = userinfo.indexOf(":");
  const onlyUser = colon < 0 || colon === userinfo.length - 1;
  return (onlyUser ? masked : `${userinfo.slice(0, colon)}:${masked}`) + rest.slice(at);
}

/** A URL without a host, as where `user:password` stands alone: what stands for the port of a host, and all behind it, may be a password. */
function maskHostless(rest: string, end: RegExp | undefined): string {
  const url = cutAt(rest, end);
  let start = 0;
  for (const host of cutAt(url, /[/?#]/).split(/[,;]/)) {
    if (!isHost(host)) return rest.slice(0, start + host.indexOf(":") + 1) + masked + rest.slice(url.length);
    start += host.length + 1;
  }
  return rest;
}

/**
 * Where the userinfo ends, or -1. A password that was not percent-encoded may hold `/`, `?`, `#`, quotes and `@`, so
 * the last `@` counts, though it hides the host where a query has one too. Web addresses without userinfo often have an `@` in their path, and file URLs,
 * whose authority is empty, too: these are left alone.
 */
function findAt(rest: string, web: boolean, end: RegExp | undefined): number {
  const url = cutAt(rest, end);
  const authority = cutAt(url, /[/?#]/);
  const isPlain = !authority.includes("@") && isHostList(authority);
  if (isPlain && (web || authority === "")) return -1;
  // Neither hosts nor userinfo: a password broken off by a character that ends a URL elsewhere.
  const isBroken = !authority.includes("@") && !isPlain;
  const scope = isBroken && end !== undefined ? cutAt(rest, /\s/) : url;
  return scope.lastIndexOf("@");
}

function cutAt(text: string, end: RegExp | undefined): string {
  const index = end === undefined ? -1 : text.search(end);
  return index < 0 ? text : text.slice(0, index);
}

/** Whether an authority without `@` reads as hosts with numeric ports, and not as the start of a broken password. */
function isHostList(authority: string): boolean {
  return authority.split(/[,;]/).every(isHost);
}

function isHost(text: string): boolean {
  return /^(\[[0-9a-f:.%]*\]|[^:]*)(:\d{0,5})?$/i.test(text);
}
