// House rules that a reader relies on, as a test.
import { describe, expect, it } from "vitest";
import { projectFiles, textOf } from "./sources.ts";

const MAX_LINES = 300;
const code = projectFiles(/\.(ts|tsx|mjs)$/).filter((path) => !path.includes("/generated/"));
const tests = code.filter((path) => /\.test\.tsx?$/.test(path));

const BANNED: { what: string; pattern: RegExp; in: string[] }[] = [
  {
    what: "a note to self",
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    in: code.filter((path) => path !== "test/tidy.test.ts"),
  },
  {
    what: "an escape from the type system",
    pattern: /\bas (any|unknown as)\b|: any\b|@ts-(ignore|expect-error|nocheck)/,
    in: code,
  },
  { what: "a lint rule switched off", pattern: /(oxlint|eslint)-disable/, in: code },
  {
    what: "a test switched off or focused",
    pattern: /\b(it|test|describe)\.(skip|only|todo|fails)\b/,
    in: tests,
  },
  { what: "waiting by the clock", pattern: /\b(setTimeout|sleep|delay)\(/, in: tests },
];

describe.each(BANNED)("no $what", ({ pattern, in: paths }) => {
  it("in any file", () => {
    const found = paths
      .filter((path) => path !== "test/tidy.test.ts")
      .flatMap((path) =>
        textOf(path)
          .split("\n")
          .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(found).toEqual([]);
  });
});

describe("size", () => {
  it(`no source file is longer than ${MAX_LINES} lines`, () => {
    const long = code
      .filter((path) => !tests.includes(path))
      .map((path) => ({ path, lines: textOf(path).split("\n").length }))
      .filter(({ lines }) => lines > MAX_LINES);
    expect(long).toEqual([]);
  });
});
