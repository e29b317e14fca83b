import { openSqlite } from "@lovage/client-sqlite";
import { silentLog, systemClock, virtualClock, type Log } from "@lovage/foundation";
import { expect, onTestFinished, test, vi } from "vitest";

import { ResultWatches } from "./result-watches.ts";
import { Store } from "./store.ts";
import { temporaryFile } from "./test-support/temporary-file.ts";

test("a file that cannot be read is warned of once, however often is looked", async () => {
  const file = temporaryFile();
  onTestFinished(() => file.remove());
  const client = await openSqlite({ path: file.path, clock: systemClock, log: silentLog });
  onTestFinished(() => client.close());
  client.relaxed.exec("CREATE TABLE lovage_backend_counter (id INTEGER PRIMARY KEY, value INTEGER)");
  const [clock, warn] = [virtualClock(), vi.fn<Log["warn"]>()];
  const store = new Store({ client, clock, log: { ...silentLog, warn } });
  const watches = new ResultWatches(store);
  onTestFinished(() => watches.close());
  await watches.add([], () => {});
  for (const outages of [1, 2]) {
    const read = vi.spyOn(store, "read").mockRejectedValue(new Error("unreadable"));
    await clock.advance(60_000);
    expect(read.mock.calls.length).toBeGreaterThan(50);
    read.mockRestore();
    await clock.advance(5_000);
    expect(warn).toHaveBeenCalledTimes(outages);
  }
});
