// Documents stay true where a test can tell: links lead somewhere, and what the guarantees cite exists.
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFiles, ROOT, textOf } from "./sources.ts";

const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g;
const documents = projectFiles(/\.md$/);

describe("links", () => {
  it.each(documents)("of %s lead to files", (path) => {
    const broken = [...textOf(path).matchAll(LINK)]
      .map((match) => match[1] ?? "")
      .filter((target) => !existsSync(resolve(ROOT, dirname(path), target)));
    expect(broken).toEqual([]);
  });
});

describe("the guarantees of the README", () => {
  const rows = textOf("README.md")
    .split("\n")
    .filter((line) => /^\| G\d+ /.test(line));

  it("are all twelve", () => expect(rows).toHaveLength(12));

  it.each(rows)("cite tests that exist: %s", (row) => {
    const cited = [...row.matchAll(/`((?:packages|projections|test)\/[^`]*)`/g)].map(
      (match) => match[1] ?? "",
    );
    expect(cited.filter((path) => !existsSync(resolve(ROOT, path)))).toEqual([]);
  });
});
