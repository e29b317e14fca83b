import { describe } from "vitest";
import { catalogue } from "./catalogue.ts";
import { askDesk } from "./run/ask-desk.ts";
import { refuse } from "./run/refuse.ts";
import type { ServiceName } from "./service-name.ts";
import type { Service } from "./service.ts";

/**
 * A suite that needs a service. The service is started when the first suite of a run asks for it, and all share it, at
 * the same time: use names of queues, databases and prefixes that nobody else has, and never stop or flush it.
 * Without the service the suite is one skipped test that says why, or a failed one where it is required.
 */
export function describeService(name: ServiceName, define: (service: Service) => void): void {
  describe(`${catalogue[name].title} (shared)`, async () => {
    const answer = await askDesk({ name });
    if ("service" in answer) return define(answer.service);
    if ("missing" in answer || "failure" in answer) refuse(answer);
  });
}
