import { ConfigurationError, nearestName } from "@lovage/foundation";
import type { AppOptions } from "../app-options.ts";
import { readUrls } from "./read-urls.ts";

type Values = Partial<Record<keyof AppOptions, unknown>>;

const list = (text: string): readonly string[] => text.split(",").map((item) => item.trim());

/** Text that is no number is passed on as it is, so that the check of the option names it. */
const number = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** As on the command line, a bare number could be seconds or milliseconds. */
const duration = (text: string, variable: string): unknown => {
  if (text === "0") return 0;
  if (!/^\d+(\.\d+)?$/.test(text)) return text;
  throw new ConfigurationError(
    `${variable} is ${text}. Say the unit: ${text}ms, ${text}s, ${text}m, ${text}h or ${text}d.`,
  );
};

/** Which variable sets which option, and how its text is read. */
const variables: Readonly<Record<string, readonly [keyof AppOptions, (text: string, variable: string) => unknown]>> = {
  LOVAGE_NAME: ["name", String],
  LOVAGE_BROKER_URL: ["broker", readUrls],
  LOVAGE_RESULT_BACKEND: ["backend", readUrls],
  LOVAGE_COORDINATION_URL: ["coordination", readUrls],
  LOVAGE_DEFAULT_QUEUE: ["defaultQueue", String],
  LOVAGE_MAX_DELIVERIES: ["maxDeliveries", number],
  LOVAGE_CONCURRENCY: ["concurrency", number],
  LOVAGE_PREFETCH: ["prefetch", number],
  LOVAGE_SHUTDOWN_GRACE: ["shutdownGrace", duration],
  LOVAGE_UNKNOWN_TASK_TTL: ["unknownTaskTtl", duration],
  LOVAGE_MAX_PAYLOAD_BYTES: ["maxPayloadBytes", number],
  LOVAGE_ACCEPT_CONTENT: ["acceptContent", list],
  LOVAGE_TIMEZONE: ["timezone", String],
  LOVAGE_LOG_LEVEL: ["logLevel", String],
};

/** What is likely to be written for a variable to which another one is nearer by its letters. */
const misnamed: Readonly<Record<string, string>> = {
  LOVAGE_BACKEND: "LOVAGE_RESULT_BACKEND",
  LOVAGE_BACKEND_URL: "LOVAGE_RESULT_BACKEND",
  LOVAGE_RESULT_BACKEND_URL: "LOVAGE_RESULT_BACKEND",
};

/** Variables of a test run, Lovage's own or that of a driver's author, which an app under test passes over. */
const testVariables = "LOVAGE_TEST_";

/** What the environment says. An empty variable says nothing. @throws CONFIGURATION_INVALID for a duration without a unit */
export function readEnvironment(environment: NodeJS.ProcessEnv): Values {
  const values: Values = {};
  for (const [variable, [option, read]] of Object.entries(variables)) {
    const text = environment[variable]?.trim() ?? "";
    if (text !== "") values[option] = read(text, variable);
  }
  return values;
}

/** The variable that sets an option; the option itself where none does. */
export function variableOf(option: string): string {
  return Object.keys(variables).find((variable) => variables[variable]?.[0] === option) ?? option;
}

/** A warning about variables that look like ours and are not, if there are any. */
export function unknownVariables(environment: NodeJS.ProcessEnv): string | undefined {
  const unknown = Object.keys(environment).filter(
    (name) => name.startsWith("LOVAGE_") && !name.startsWith(testVariables) && !Object.hasOwn(variables, name),
  );
  if (unknown.length === 0) return undefined;
  const told = unknown.map((name) => {
    const meant = misnamed[name] ?? nearestName(name, Object.keys(variables));
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`;
  });
  return `Unknown variables in the environment are ignored: ${told.join(", ")}.`;
}
