import { ConfigurationError, maskUrl, optionsSchema, wholeNumberOption, type OptionsSchema } from "@lovage/foundation";

/** Options that may stand beside a `memory:` URL. */
export interface MemoryBackendOptions {
  /**
   * Largest result document, in bytes.
   * @default 16 MiB
   */
  readonly maxDocumentBytes?: number | undefined;
}

/** The schema of {@link MemoryBackendOptions}; refuses unknown names. */
export const memoryBackendOptions: OptionsSchema<MemoryBackendOptions> = optionsSchema<MemoryBackendOptions>({
  maxDocumentBytes: wholeNumberOption({ min: 1 }),
});

/**
 * The name in a URL: `jobs` in `memory://jobs` and `memory:jobs`, "" in `memory:`.
 * @throws ConfigurationError (`CONFIGURATION_INVALID`)
 */
export function storeNameOf(url: string): string {
  const name = /^memory:(?:\/\/)?([\w.-]*)\/?$/i.exec(url)?.[1];
  if (name !== undefined) return name;
  throw new ConfigurationError(
    `"${maskUrl(url)}" does not name a store in memory: write "memory:" or "memory://jobs", a name of letters, digits and . _ -`,
  );
}
