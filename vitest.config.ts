import { defineConfig } from "vitest/config";
import { closingLine } from "./scripts/test-run/closing-line.ts";

// Packages resolve each other's sources, so no test waits for a build; child processes and threads are told so too.
const conditions = ["source", "node", "module", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: "forks",
    execArgv: ["--conditions=source"],
    globalSetup: ["scripts/test-run/seed.global.ts", "integration/services/run/services.global.ts"],
    setupFiles: ["scripts/test-run/leaks.setup.ts", "scripts/test-run/seed.setup.ts"],
    reporters: ["default", closingLine],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
          testTimeout: 15_000,
          hookTimeout: 15_000,
          maxWorkers: 2,
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
          testTimeout: 120_000,
          hookTimeout: 60_000,
          // These start processes of their own and watch the time: two at once, and not beside the unit tests.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
