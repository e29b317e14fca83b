import { errorText, OptionError } from "@lovage/foundation";

/** The positional arguments of a call: a JSON array. @throws OPTION_INVALID */
export function readJsonArguments(text: string): readonly unknown[] {
  const value = parseJson(text, "args");
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new OptionError(`The arguments are a JSON array, one element for each: --args '[${text}]'.`, { field: "args" });
}

/** The keyword arguments of a call: a JSON object. @throws OPTION_INVALID */
export function readJsonKeywords(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text, "kwargs");
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new OptionError(`Keyword arguments are a JSON object: --kwargs '{"x": 2}'.`, { field: "kwargs" });
}

function parseJson(text: string, field: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const fault = errorText(cause);
    throw new OptionError(`It is not JSON: ${fault}. Put it in single quotes, so that the shell leaves it alone.`, {
      field,
      cause,
    });
  }
}
