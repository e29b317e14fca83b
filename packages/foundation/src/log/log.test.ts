import { expect, test } from "vitest";

import { silentLog } from "./log.ts";

test("the silent log takes everything, gives children and writes nothing", () => {
  const child = silentLog.child({ queue: "mail" });
  for (const level of ["debug", "info", "warn", "error"] as const) expect(child[level]("x", { a: 1 })).toBeUndefined();
});
