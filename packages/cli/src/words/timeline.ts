import { oneLine } from "../output/table.ts";
import type { Colour, Terminal } from "../output/terminal.ts";
import { duration, utc } from "../output/time.ts";
import type { Interval } from "../source/history-source.ts";

/** What the terminal can show. */
export interface Canvas {
  readonly columns: number;
  /** Whether block characters arrive as such. */
  readonly utf8: boolean;
}

const MIN_BAR = 8;
const MAX_VERSION = 24;
const GAP = "  ";

/**
 * One line for each version that ran: its name, since when, for how long, and a bar where it lies on the whole of the
 * time until `endMs`. A narrow window loses the words first, from the right; how a version came is told by the bar, too.
 */
export function timeline(
  terminal: Terminal,
  canvas: Canvas,
  intervals: readonly Interval[],
  endMs: number,
): string {
  const startMs = Date.parse(intervals[0]?.from ?? "");
  const spans = intervals.map((interval) => {
    const from = Date.parse(interval.from);
    // Ledger time may step back: no interval is shorter than nothing.
    return { interval, from, to: Math.max(from, interval.to === null ? endMs : Date.parse(interval.to)) };
  });
  const wholeMs = Math.max(1, ...spans.map(({ to }) => to - startMs));
  const columns = fitting(
    canvas.columns,
    spans.map(({ interval, from, to }) => [
      cut(interval.version, Math.min(MAX_VERSION, Math.max(4, Math.floor(canvas.columns / 3)))),
      utc(interval.from),
      duration(to - from),
      interval.how,
    ]),
  );
  const lines = spans.map(({ interval, from, to }, index) => {
    const words = columns.rows[index] ?? "";
    if (columns.barWidth < 1) return words.trimEnd();
    const left = Math.min(
      columns.barWidth - 1,
      Math.max(0, Math.floor(((from - startMs) / wholeMs) * columns.barWidth)),
    );
    const right = Math.floor(((to - startMs) / wholeMs) * columns.barWidth);
    const length = Math.min(columns.barWidth - left, Math.max(1, right - left));
    const { glyph, colour } = lookOf(interval.how, canvas.utf8);
    return `${words}${GAP}${" ".repeat(left)}${terminal.paint(colour, glyph.repeat(length))}`;
  });
  return lines.map((line) => `${line}\n`).join("");
}

/** As many of the words as leave room for a bar; the first column always stays. */
function fitting(width: number, rows: readonly (readonly string[])[]) {
  for (let count = rows[0]?.length ?? 0; count > 0; count--) {
    const widths = Array.from({ length: count }, (_, column) =>
      Math.max(...rows.map((row) => (row[column] ?? "").length)),
    );
    const used = widths.reduce((sum, each) => sum + each + GAP.length, 0);
    const barWidth = width - used;
    if (barWidth < MIN_BAR && count > 1) continue;
    const padded = rows.map((row) =>
      widths.map((each, column) => (row[column] ?? "").padEnd(each)).join(GAP),
    );
    return { rows: padded, barWidth: Math.max(0, barWidth) };
  }
  return { rows: [], barWidth: 0 };
}

function cut(text: string, width: number): string {
  const line = oneLine(text);
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

function lookOf(how: Interval["how"], utf8: boolean): { glyph: string; colour: Colour } {
  switch (how) {
    case "first-seen":
    case "upgrade":
      return { glyph: utf8 ? "█" : "#", colour: "green" };
    case "unrequested":
      return { glyph: utf8 ? "▒" : "?", colour: "yellow" };
    case "revert":
      return { glyph: utf8 ? "░" : "<", colour: "red" };
  }
}

/** What stdout can show, by what the environment says. */
export function canvasOf(
  columns: number | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Canvas {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return { columns: columns === undefined || columns < 1 ? 80 : columns, utf8: /utf-?8/i.test(locale) };
}
