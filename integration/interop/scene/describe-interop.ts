import { afterAll, beforeAll, beforeEach, describe, onTestFailed } from "vitest";
import { describeOwnServer } from "../../services/describe-own-server.ts";
import { refuse } from "../../services/run/refuse.ts";
import { brokers } from "../brokers/brokers.ts";
import type { InteropBroker, InteropFeature } from "../brokers/interop-broker.ts";
import { findCeleries } from "../celery/find-celeries.ts";
import { InteropScene } from "./interop-scene.ts";
import type { InteropServers } from "./interop-scene.ts";

const startMs = 180_000;

/** What a suite needs. */
export interface InteropNeeds {
  /** Brokers without these are left out. @default none */
  readonly features?: readonly InteropFeature[];
  /** Starts the processes of the suite. */
  readonly begin: (scene: InteropScene) => Promise<unknown>;
}

/** A broker of the suite's own, and a server for the results where the broker keeps none. */
function describeServers(broker: InteropBroker, define: (start: () => Promise<InteropServers>) => void): void {
  const { service, results } = broker;
  describeOwnServer(service, (startBroker) => {
    if (results === undefined) return define(async () => ({ broker: await startBroker() }));
    describeOwnServer(results, (startResults) => {
      define(async () => ({ broker: await startBroker(), results: await startResults() }));
    });
  });
}

/**
 * A suite in which programs of both languages meet: once for each broker and each Celery that is there. What is not there is one skipped test
 * that says why, or a failed one where `LOVAGE_TEST_REQUIRE` demands a Celery and there is none.
 */
export function describeInterop(
  title: string,
  { features = [], begin }: InteropNeeds,
  define: (scene: () => InteropScene) => void,
): void {
  describe(`interop, ${title}`, async () => {
    const { celeries, notCovered } = await findCeleries();
    for (const missing of notCovered) refuse({ missing });
    for (const broker of brokers.filter((each) => features.every((feature) => each.features.has(feature)))) {
      for (const celery of celeries) {
        describe(`${broker.name}, Celery ${celery.release} (${celery.origin})`, () => {
          describeServers(broker, (start) => {
            let scene: InteropScene | undefined;
            const present = (): InteropScene => {
              if (scene === undefined) throw new Error("The scene was not set up.");
              return scene;
            };
            beforeAll(async () => {
              scene = new InteropScene(await start(), broker, celery);
              await begin(scene);
            }, startMs);
            beforeEach(() => onTestFailed(() => console.log(present().logs())));
            afterAll(() => scene?.[Symbol.asyncDispose](), startMs);
            define(present);
          });
        });
      }
    }
  });
}
