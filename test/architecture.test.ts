// Import direction: which package may import which (docs/architecture.md). A new package must be added here on purpose.
import { describe, expect, it } from "vitest";
import { importsOf, projectFiles, textOf } from "./sources.ts";

const SCOPE = "@upgrade-ledger/";

/** Packages of ours, and packages of others, that each package's sources may import. */
const ALLOWED: Record<string, { ours: string[]; others: RegExp }> = {
  "packages/contract": { ours: [], others: /^(zod|semver)$/ },
  projections: { ours: ["contract"], others: /^immer$/ },
  "packages/nats": { ours: ["contract"], others: /^(node:|@nats-io\/)/ },
  "packages/ledger": { ours: ["contract", "nats"], others: /^(node:|@nats-io\/|uuid$)/ },
  "packages/audit": {
    ours: ["contract", "nats", "ledger", "projections"],
    others: /^(node:|@nats-io\/|zod$)/,
  },
  "packages/agent": { ours: ["contract", "nats", "ledger"], others: /^(?!fastify)/ },
  "packages/operator": { ours: ["contract", "nats", "ledger", "projections"], others: /^(?!fastify)/ },
  "packages/api": { ours: ["contract", "nats", "ledger", "projections"], others: /^/ },
  "packages/cli": {
    ours: ["contract", "nats", "ledger", "projections", "audit", "operator", "api"],
    others: /^/,
  },
  "packages/testkit": { ours: ["contract", "nats", "ledger"], others: /^/ },
  demo: { ours: ["contract", "nats", "agent", "cli"], others: /^/ },
};

/** The generator of JSON Schema files writes files; nothing else in the contract touches the machine. */
const GENERATOR = /^packages\/contract\/src\/generate\//;

/** Pure cores: no clock, randomness or I/O (spec §4 "Pure core", §5). */
const PURE = [
  /^packages\/agent\/src\/core\//,
  /^packages\/operator\/src\/(coordinator|observer)\/core\//,
  /^projections\/src\//,
];
const IMPURE = /\b(Date\.now|new Date\(\)|Math\.random|performance\.now|process\.|setTimeout|setInterval)\b/;

const sources = projectFiles(/^(packages\/[^/]+|projections|demo)\/src\/.*\.tsx?$/);
const packageOf = (path: string) => Object.keys(ALLOWED).find((folder) => path.startsWith(`${folder}/src/`));

describe("import direction", () => {
  it("finds the sources", () => expect(sources.length).toBeGreaterThan(40));

  it.each(sources)("%s", (path) => {
    const folder = packageOf(path);
    expect(folder, "a package that test/architecture.test.ts does not know").toBeDefined();
    const rule = ALLOWED[folder ?? ""];
    for (const specifier of importsOf(path)) {
      if (specifier.startsWith(".")) continue;
      const ours = specifier.startsWith(SCOPE) ? specifier.slice(SCOPE.length).split("/")[0] : undefined;
      const allowed =
        ours === undefined
          ? rule?.others.test(specifier) || (GENERATOR.test(path) && specifier.startsWith("node:"))
          : rule?.ours.includes(ours);
      expect(allowed, `${path} imports ${specifier}`).toBe(true);
    }
  });
});

describe("pure cores", () => {
  it.each(sources.filter((path) => PURE.some((core) => core.test(path))))("%s", (path) => {
    expect(importsOf(path).filter((specifier) => /^(node:(?!crypto)|@nats-io\/)/.test(specifier))).toEqual(
      [],
    );
    expect(textOf(path)).not.toMatch(IMPURE);
  });
});
