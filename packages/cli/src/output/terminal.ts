import { styleText } from "node:util";

export type Colour = "green" | "red" | "yellow" | "cyan" | "dim" | "bold";

/** How to write to this terminal, or to a file or pipe that is none. */
export interface Terminal {
  /** Whether stdout is a terminal, for which tables are laid out. */
  readonly isTerminal: boolean;
  paint(colour: Colour, text: string): string;
}

/** `--no-color`, `NO_COLOR` and a pipe mean: no colour; `FORCE_COLOR` means: colour all the same. */
export function terminalOf(color: boolean): Terminal {
  const isTerminal = process.stdout.isTTY;
  const forced = (process.env["FORCE_COLOR"] ?? "0") !== "0";
  const colours = color && !process.env["NO_COLOR"] && (isTerminal || forced);
  return {
    isTerminal,
    paint: (colour, text) => (colours ? styleText(colour, text, { validateStream: false }) : text),
  };
}
