import { ConfigurationError } from "../errors/configuration-error.ts";
import { maskUrl } from "../secrets/mask-secrets.ts";

/** At least two characters, so that the drive letter of a Windows path is not taken for a scheme. */
const scheme = /^([a-z][a-z0-9+.-]{1,39}):/i;

/**
 * The scheme of a URL in lower case, without the colon: `redis` for `redis://localhost:6379/0`.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`) when the text does not start with a scheme.
 */
export function schemeOf(url: string): string {
  const found = scheme.exec(url)?.[1];
  if (found !== undefined) return found.toLowerCase();
  throw new ConfigurationError(
    `"${maskUrl(url).slice(0, 200)}" is not a URL with a scheme: write for example "redis://localhost:6379/0" or "sqlite:queue.db".`,
  );
}
