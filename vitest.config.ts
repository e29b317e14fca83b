import path from "node:path";
import process from "node:process";
import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/test-run/closing-line.ts";
import { LongestFirst } from "./scripts/test-run/longest-first.ts";

// Packages resolve each other's sources, so no test waits for a build; child processes and threads are told so too.
// `import` is not among them: Vitest hands all of them to Node, for which a `require` would then find modules.
// Not "module": bundlers read it, and what some packages keep behind it Node cannot load.
const conditions = ["source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    execArgv: ["--conditions=source"],
    globalSetup: ["scripts/test-run/seed.global.ts", "integration/services/run/services.global.ts"],
    setupFiles: ["scripts/test-run/leaks.setup.ts", "scripts/test-run/seed.setup.ts"],
    reporters: ["default", closingLine],
    sequence: { sequencer: LongestFirst },
    // The second that is Vitest's own default passes by on a busy machine while a process stands still.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
          // They end what hangs; a busy machine may need ten times as long as an idle one.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
          // One process for many files: most of their time went by in loading the same modules for each.
          isolate: false,
          typecheck: {
            enabled: true,
            include: ["packages/*/src/**/*.test-d.ts"],
            tsconfig: "./tsconfig.json",
            // The sources are `npm run check`'s; here only the type tests speak.
            ignoreSourceErrors: true,
          },
        },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["{integration,examples,bench}/**/*.test.ts"],
          globalSetup: "integration/processes/built.global.ts",
          testTimeout: 300_000,
          hookTimeout: 120_000,
          // These start processes of their own and mostly wait: four at once keep two cores half busy. Not beside the unit tests.
          maxWorkers: Number(process.env["LOVAGE_TEST_WORKERS"] ?? 4),
          // As above: it saves 1.5 s of processor for each file.
          isolate: false,
          // Cases of drivers beside each other, which wait for real leases.
          maxConcurrency: 8,
          // Again with the same seed; a test that passes only then is told as unsteady.
          retry: Number(process.env["LOVAGE_TEST_RETRIES"] ?? 0),
          // For the processes that they start, most of whose time goes by in loading; filled by the global setup.
          env: { NODE_COMPILE_CACHE: path.join(import.meta.dirname, "node_modules/.cache/compiled") },
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
