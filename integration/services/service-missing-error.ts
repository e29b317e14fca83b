import { catalogue } from "./catalogue.ts";
import type { ServiceName } from "./service-name.ts";

/** A service was neither found nor could it be made. The message tells every way out. */
export class ServiceMissingError extends Error {
  override readonly name = "ServiceMissingError";
  readonly service: ServiceName;

  /** @param reasons Why each rung did not carry, one sentence each. */
  constructor(service: ServiceName, reasons: readonly string[]) {
    const { title, variable, exampleUrl, local } = catalogue[service];
    const waysOut = `Set ${variable} (${exampleUrl}), or start a Docker engine, or install it: ${local.install}.`;
    super(`There is no ${title} to test with. ${reasons.join(" ")} ${waysOut}`);
    this.service = service;
  }
}
