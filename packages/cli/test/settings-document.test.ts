import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { SETTING_KEYS, SETTINGS } from "../src/index.ts";

/** A row of a Markdown table, however its columns are aligned. */
const cells = (line: string): string[] => line.split("|").map((cell) => cell.trim());

it("docs/configuration.md has a row for every setting, with its default and meaning", () => {
  const guide = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
  const rows = new Map(
    guide
      .split("\n")
      .map(cells)
      .map(([, key = "", ...rest]) => [key, rest]),
  );
  for (const key of SETTING_KEYS) {
    const fallback = SETTINGS[key].safeParse(undefined).data;
    const shown = fallback === undefined || String(fallback) === "" ? "" : `\`${String(fallback)}\``;
    expect(rows.get(`\`${key}\``)).toEqual([shown, SETTINGS[key].description, ""]);
  }
});
