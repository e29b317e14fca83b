import type { TestProject } from "vitest/node";
import { makeLadder } from "../ladder/make-ladder.ts";
import { RunServices } from "./run-services.ts";
import { ServiceDesk } from "./service-desk.ts";

/** Opens the desk where the test files of a run get the services that they share; ends the services after the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = new RunServices(makeLadder(), console.log);
  const desk = await ServiceDesk.open(services);
  project.provide("serviceDeskPort", desk.port);
  return async () => {
    await desk[Symbol.asyncDispose]();
    await services[Symbol.asyncDispose]();
  };
}

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the services of this test run are handed out: see `describeService`. */
    serviceDeskPort: number;
  }
}
