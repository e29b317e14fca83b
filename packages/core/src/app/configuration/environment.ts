import { nearestName } from "@lovage/foundation";
import type { AppOptions } from "../app-options.ts";

type Values = Partial<Record<keyof AppOptions, unknown>>;

const split = (text: string, separator: string): readonly string[] => text.split(separator).map((item) => item.trim());
const list = (text: string): readonly string[] => split(text, ",");
/** As Celery has it; a comma may stand between the hosts of one URL. */
const urls = (text: string): readonly string[] => split(text, ";");

/** Text that is no number is passed on as it is, so that the check of the option names it. */
const number = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);

/** Milliseconds as digits alone, or a duration. */
const duration = number;

/** Which variable sets which option, and how its text is read. */
const variables: Readonly<Record<string, readonly [keyof AppOptions, (text: string) => unknown]>> = {
  LOVAGE_NAME: ["name", String],
  LOVAGE_BROKER_URL: ["broker", urls],
  LOVAGE_RESULT_BACKEND: ["backend", urls],
  LOVAGE_COORDINATION_URL: ["coordination", urls],
  LOVAGE_DEFAULT_QUEUE: ["defaultQueue", String],
  LOVAGE_MAX_DELIVERIES: ["maxDeliveries", number],
  LOVAGE_CONCURRENCY: ["concurrency", number],
  LOVAGE_PREFETCH: ["prefetch", number],
  LOVAGE_SHUTDOWN_GRACE: ["shutdownGrace", duration],
  LOVAGE_UNKNOWN_TASK_TTL: ["unknownTaskTtl", duration],
  LOVAGE_MAX_PAYLOAD_BYTES: ["maxPayloadBytes", number],
  LOVAGE_ACCEPT_CONTENT: ["acceptContent", list],
  LOVAGE_LOG_LEVEL: ["logLevel", String],
};

/** Variables of a test run, Lovage's own or that of a driver's author, which an app under test passes over. */
const testVariables = "LOVAGE_TEST_";

/** What the environment says. An empty variable says nothing. */
export function readEnvironment(environment: NodeJS.ProcessEnv): Values {
  const values: Values = {};
  for (const [variable, [option, read]] of Object.entries(variables)) {
    const text = environment[variable]?.trim() ?? "";
    if (text !== "") values[option] = read(text);
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
    const meant = nearestName(name, Object.keys(variables));
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`;
  });
  return `Unknown variables in the environment are ignored: ${told.join(", ")}.`;
}
