import { catalogue } from "../catalogue.ts";
import { isServiceName, serviceNames } from "../service-name.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnRung } from "./server-maker.ts";

/**
 * What the environment asks of the ladder. `LOVAGE_TEST_RUNG=container|private` forces a rung;
 * `LOVAGE_TEST_REQUIRE=all`, or names with commas between, makes a missing service an error;
 * `all` are those that are no second opinion.
 */
export interface LadderDemands {
  /** Absent: every rung may be tried. */
  readonly rung: OwnRung | undefined;
  readonly required: ReadonlySet<ServiceName>;
}

/** Reads the demands. @throws Error when a value is none of those that there are */
export function readDemands(environment: Readonly<Record<string, string | undefined>>): LadderDemands {
  return {
    rung: readRung(environment["LOVAGE_TEST_RUNG"] ?? ""),
    required: readRequired(environment["LOVAGE_TEST_REQUIRE"] ?? ""),
  };
}

function readRung(text: string): OwnRung | undefined {
  if (text === "") return undefined;
  if (text === "container" || text === "private") return text;
  throw new Error(`LOVAGE_TEST_RUNG is "${text}"; it must be container or private.`);
}

function readRequired(text: string): ReadonlySet<ServiceName> {
  if (text === "all") return new Set(serviceNames.filter((name) => catalogue[name].isSecondOpinion !== true));
  // Celery is no service; the suites that need it look for it themselves.
  const names = text.split(",").filter((name) => name !== "" && name !== "celery");
  const wrong = names.find((name) => !isServiceName(name));
  if (wrong === undefined) return new Set(names.filter(isServiceName));
  throw new Error(`LOVAGE_TEST_REQUIRE names "${wrong}"; it must be all, or some of ${serviceNames.join(",")}.`);
}
