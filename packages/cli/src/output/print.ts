import { type Column, formatTable } from "./table.ts";
import { type Terminal, terminalOf } from "./terminal.ts";

export interface OutputOptions {
  readonly output: "table" | "json";
  /** `--no-color` makes it false. */
  readonly color: boolean;
}

/** Writes results to stdout as asked for: JSON that stays stable, or words for people. */
export class Printer {
  readonly terminal: Terminal;
  readonly asJson: boolean;

  constructor(options: OutputOptions) {
    this.asJson = options.output === "json";
    this.terminal = terminalOf(options.color);
  }

  /** `words`: what a person reads instead of the JSON. */
  one(value: unknown, words: (terminal: Terminal) => string): void {
    this.#write(this.asJson ? `${JSON.stringify(value, null, 2)}\n` : words(this.terminal));
  }

  /** An empty list is `[]` in JSON; for people, `nothing` says so on stderr. */
  list<Row>(rows: readonly Row[], columns: readonly Column<Row>[], nothing: string): void {
    if (this.asJson) this.#write(`${JSON.stringify(rows, null, 2)}\n`);
    else if (rows.length > 0) this.#write(formatTable(this.terminal, columns, rows));
    else if (this.terminal.isTerminal) process.stderr.write(`${nothing}\n`);
  }

  /** One row of a stream: one line of JSON, or one line of words. */
  line(value: unknown, words: (terminal: Terminal) => string): void {
    this.#write(`${this.asJson ? JSON.stringify(value) : words(this.terminal)}\n`);
  }

  /** What was done, for people only: it goes to stderr, so that stdout holds nothing but data. */
  say(text: string): void {
    if (!this.asJson) process.stderr.write(`${text}\n`);
  }

  #write(text: string): void {
    process.stdout.write(text);
  }
}
