import { redisOptions, type RedisOptions } from "@lovage/client-redis";
import { optionsSchema, textOption, wholeNumberOption, type OptionsSchema } from "@lovage/foundation";

/** Options that may stand beside a `redis:` URL. */
export interface RedisBackendOptions extends RedisOptions {
  /**
   * Largest result document, in bytes.
   * @default 16 MiB
   */
  readonly maxDocumentBytes?: number | undefined;
  /** Beginning of the keys of results and chords, as Celery's `result_backend_transport_options` have it in `global_keyprefix`. @default none */
  readonly globalKeyPrefix?: string | undefined;
}

/** The schema of {@link RedisBackendOptions}; refuses unknown names. Texts, as they come from a URL's query, are read too. */
export const redisBackendOptions: OptionsSchema<RedisBackendOptions> = optionsSchema<RedisBackendOptions>({
  ...redisOptions,
  maxDocumentBytes: wholeNumberOption({ min: 1 }),
  globalKeyPrefix: textOption(/^.{0,256}$/s, "at most 256 characters"),
});
