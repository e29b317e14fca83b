import { ConfigurationError, quoteValue, suggestion } from "@lovage/foundation";
import { contentNames, contentTypeOf, JSON_TYPE } from "../../protocol/content.ts";

/**
 * The content types that workers accept. A misspelt one would fit nothing, and each message would become a dead letter.
 * @throws CONFIGURATION_INVALID
 */
export function readAcceptContent(value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new ConfigurationError("expected an array of content types.");
  const types = (value as readonly unknown[]).map(readType);
  if (types.includes(JSON_TYPE)) return types;
  throw new ConfigurationError('"json" must be among them: calls, retries and next steps of Lovage\'s own are JSON.');
}

function readType(name: unknown): string {
  const type = typeof name === "string" ? contentTypeOf(name) : undefined;
  if (type !== undefined) return type;
  const meant = suggestion(String(name), contentNames);
  throw new ConfigurationError(
    `${quoteValue(name)} is no content type that is known: use "json" and "msgpack".${meant}`,
  );
}
