import type { Log } from "@lovage/foundation";
import type { Address } from "../values/read-address.ts";
import { readVersion } from "../version.ts";
import { openHttpEndpoint } from "./http-endpoint.ts";
import type { HttpEndpoint } from "./http-endpoint.ts";
import type { Report } from "./report.ts";

/** Serves reports at the address of `--http`, if there is one. @throws CONFIGURATION_INVALID when it cannot be used */
export async function serveReports(
  address: Address | undefined,
  log: Log,
  report: () => Promise<Report>,
): Promise<HttpEndpoint | undefined> {
  if (address === undefined) return undefined;
  return openHttpEndpoint({ address, version: readVersion(), log, report });
}
