import { expect, it } from "vitest";

import { deliveryLimitWarning } from "./delivery-limit.ts";

const of = (serverVersion: string, maxDeliveries?: number): string | undefined =>
  deliveryLimitWarning({ queue: "mail", maxDeliveries, serverVersion });

it("warns of servers that have a limit of deliveries, whatever the consumer's own is, and names the policy", () => {
  for (const version of ["4.0.5", "4.3.0", "10.1.0"]) {
    expect(of(version)).toMatch(/queue "mail".*policy with delivery-limit 1000000000/u);
    expect(of(version, 3)).toBe(of(version));
    expect(of(version, 20)).toMatch(/maxDeliveries \(20\) is not reached/u);
  }
  for (const version of ["3.10.8", "3.13.7", "0.0.0"]) expect(of(version, 50)).toBeUndefined();
});
