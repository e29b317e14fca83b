import { redisOptions, type RedisOptions } from "@lovage/client-redis";
import { z } from "zod";

/** Options that may stand beside a `redis:` URL. */
export interface RedisBackendOptions extends RedisOptions {
  /**
   * Largest result document, in bytes.
   * @default 16 MiB
   */
  readonly maxDocumentBytes?: number | undefined;
}

/** The schema of {@link RedisBackendOptions}; refuses unknown names. Texts, as they come from a URL's query, are read too. */
export const redisBackendOptions: z.ZodType<RedisBackendOptions> = z.strictObject({
  ...redisOptions,
  maxDocumentBytes: z.coerce.number().int().positive().optional(),
});
