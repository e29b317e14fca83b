import { testTransport, testTransportModel } from "@lovage/conformance";
import { afterAll, describe, it } from "vitest";

import { sqliteHarness } from "./test-support/sqlite-harness.ts";

const runner = { afterAll, describe, it };

testTransport({ runner, name: "sqlite", make: sqliteHarness, concurrent: true });
// Leases end in real time here, so a run takes its time; the memory transport does many more.
testTransportModel({ runner, name: "sqlite", make: sqliteHarness, runs: 3, maxCommands: 25, endOnFailure: true });
