import Table from "cli-table3";
import type { Colour, Terminal } from "./terminal.ts";

export interface Column<Row> {
  readonly name: string;
  readonly value: (row: Row) => string;
  /** Colour on a terminal; the value itself holds none. */
  readonly colour?: (row: Row) => Colour;
}

const NOWHERE = ["top", "bottom", "left", "mid", "right"].flatMap((place) => [
  [place, ""],
  [`${place}-mid`, ""],
  [`${place}-left`, ""],
  [`${place}-right`, ""],
]);
const NO_BORDERS = { ...Object.fromEntries(NOWHERE), middle: "  " };

/** Rows for a person: aligned columns on a terminal, tab-separated values without a header in a pipe. */
export function formatTable<Row>(
  terminal: Terminal,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
): string {
  const cell = (column: Column<Row>, row: Row): string => {
    const text = oneLine(column.value(row));
    return column.colour === undefined ? text : terminal.paint(column.colour(row), text);
  };
  const cells = rows.map((row) => columns.map((column) => cell(column, row)));
  if (!terminal.isTerminal) return cells.map((row) => `${row.join("\t")}\n`).join("");
  const table = new Table({
    head: columns.map((column) => terminal.paint("bold", column.name.toUpperCase())),
    chars: NO_BORDERS,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  table.push(...cells);
  const lines = table.toString().split("\n");
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

/** What a device wrote may hold line breaks or terminal controls: neither reaches the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, " ").trim();
}
