import process from "node:process";
import { debianPackages } from "./debian-packages.ts";
import { readDemands } from "./ladder-demands.ts";
import { Ladder } from "./ladder.ts";
import { serverMakers } from "./server-makers.ts";

/** The ladder of this machine and environment. @throws Error when the environment demands what there is not */
export function makeLadder(): Ladder {
  const environment = process.env;
  return new Ladder({ environment, demands: readDemands(environment), makers: serverMakers, packages: debianPackages });
}
