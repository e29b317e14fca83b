import { expect, test } from "vitest";
import { describeService } from "./describe-service.ts";
import { probes } from "./probe/probes.ts";
import { serviceNames } from "./service-name.ts";

for (const name of serviceNames) {
  describeService(name, ({ url }) => {
    test("answers in its own protocol", async () => {
      await expect(probes[name](new URL(url))).resolves.toBeTypeOf("string");
    });
  });
}
