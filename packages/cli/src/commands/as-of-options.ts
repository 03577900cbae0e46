import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { Timestamp } from "@upgrade-ledger/contract";
import { positiveInteger } from "./arguments.ts";

function time(text: string): string {
  const read = Timestamp.safeParse(text);
  if (read.success) return read.data;
  throw new InvalidArgumentError("It must be a time in UTC, such as 2026-05-06T22:51:14Z.");
}

/** `--as-of-seq`: as the ledger stood with this event as its last one. */
export const asOfSeq = () =>
  new Option("--as-of-seq <seq>", "as the ledger stood at this sequence")
    .argParser(positiveInteger)
    .conflicts("asOfTime");

/** `--as-of-time`: as it stood before the first event that is later. */
export const asOfTime = () =>
  new Option("--as-of-time <time>", "as the ledger stood at this ledger time (RFC 3339, UTC)").argParser(
    time,
  );

export interface AsOfOptions {
  readonly asOfSeq?: number | undefined;
  readonly asOfTime?: string | undefined;
}

/** As the service is asked. */
export function asOfQueryOf({ asOfSeq: seq, asOfTime: at }: AsOfOptions) {
  return { as_of_seq: seq, as_of_time: at };
}
