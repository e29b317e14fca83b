import process from "node:process";
import type { ServiceName } from "../../integration/services/service-name.ts";

/** The variable that tells the processes of a measurement where a server is. */
export function urlVariable(service: ServiceName): string {
  return `LOVAGE_BENCH_${service.toUpperCase()}_URL`;
}

/** Where a server of this measurement is. @throws Error outside of a benchmark */
export function benchUrl(service: ServiceName): string {
  const url = process.env[urlVariable(service)];
  if (url === undefined) throw new Error(`${urlVariable(service)} is not set: peers are measured by bench/main.ts.`);
  return url;
}
