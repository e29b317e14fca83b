import { defineConfig } from "vitest/config";

const conditions = ["source", "node", "module", "import", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["source"] } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "integration/**/*.test.ts", "scripts/**/*.test.ts"],
    passWithNoTests: true,
    pool: "forks",
    execArgv: ["--conditions=source"],
    typecheck: {
      enabled: true,
      include: ["packages/*/src/**/*.test-d.ts"],
      tsconfig: "./tsconfig.tests.json",
      ignoreSourceErrors: true,
    },
  },
});
