import { expect, onTestFinished, test, vi } from "vitest";

import { faultLog } from "./fault-log.ts";
import { virtualClock } from "../time/virtual-clock.ts";

test("warnings and errors are written to standard error as lines of JSON, secrets masked; nothing else is", () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  onTestFinished(() => write.mockRestore());
  const log = faultLog("shop", virtualClock({ nowMs: 5 }));
  log.debug("no");
  log.info("no");
  log.warn("odd", { url: "redis://u:hunter2@h" });
  log.error("failed");
  const lines = write.mock.calls.map(([line]) => JSON.parse(String(line)) as unknown);
  expect(lines).toMatchObject([
    { level: 40, time: 5, name: "shop", msg: "odd", url: "redis://u:***@h" },
    { level: 50, msg: "failed" },
  ]);
});
