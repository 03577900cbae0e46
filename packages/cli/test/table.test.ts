import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { formatTable } from "../src/output/table.ts";
import type { Terminal } from "../src/output/terminal.ts";

const paint: Terminal["paint"] = (_colour, text) => `\u001b[31m${text}\u001b[39m`;
const columns = [
  { name: "device", value: (row: string[]) => row[0] ?? "" },
  { name: "status", value: (row: string[]) => row[1] ?? "", colour: () => "red" as const },
  { name: "why", value: (row: string[]) => row[2] ?? "" },
];

describe("a table", () => {
  it("keeps its columns in line when a value is coloured", () => {
    const text = formatTable({ isTerminal: true, paint }, columns, [["pi-1", "offline", "no link"]]);
    const [head, row] = stripVTControlCharacters(text).split("\n");
    expect(text).toContain("\u001b[31moffline\u001b[39m");
    expect(row?.indexOf("no link")).toBe(head?.indexOf("WHY"));
  });

  it("takes terminal controls out of what a device wrote", () => {
    const text = formatTable({ isTerminal: true, paint: (_, value) => value }, columns, [
      ["pi-1", "ok", "\u001b[2Jgone\nhidden"],
    ]);
    expect(text).not.toContain("\u001b");
    expect(text).toContain("[2Jgone hidden");
  });
});
