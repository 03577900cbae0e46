import { defineConfig } from "vitest/config";

// "source" makes every workspace package resolve to its TypeScript sources, so tests never see a stale build.
const conditions = ["source", "node", "import", "module", "default"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ["node", "import", "default"] } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "projections/test/**/*.test.ts",
      "demo/test/**/*.test.ts",
      "test/**/*.test.ts",
    ],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
