import * as fc from "fast-check";
import { expect, test } from "vitest";

import { deathOf, withDeath } from "./death.ts";

const properties = { messageId: "m", contentType: "x", contentEncoding: "binary" };
const message = { headers: {}, properties, body: new Uint8Array() };

test("the detail of a death is cut at 2 KiB as brokers count it, between characters", () => {
  const texts = fc.string({ unit: "binary", minLength: 600, maxLength: 2_500, size: "max" });
  fc.assert(
    fc.property(texts, (detail) => {
      const dead = withDeath(message, { queue: "q", reason: "failed", detail, count: 1, atMs: 0 });
      const kept = deathOf(dead)?.detail ?? "";
      const [bytes, keptBytes] = [Buffer.byteLength(detail), Buffer.byteLength(kept)];
      expect(detail.startsWith(kept)).toBe(true);
      expect(keptBytes).toBeLessThanOrEqual(2_048);
      expect(keptBytes).toBeGreaterThan(Math.min(bytes, 2_048) - 4);
    }),
  );
});
