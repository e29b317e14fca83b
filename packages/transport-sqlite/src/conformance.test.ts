import { testTransport } from "@lovage/conformance";
import { afterAll, describe, it } from "vitest";

import { sqliteHarness } from "./test-support/sqlite-harness.ts";

testTransport({ runner: { afterAll, describe, it }, name: "sqlite", make: sqliteHarness, concurrent: true });
