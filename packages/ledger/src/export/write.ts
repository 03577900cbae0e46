// A ledger as a file: one JSON line for each message, and a closing line that says what must be there (docs/export.md).
import { createHash } from "node:crypto";
import type { RawEntry } from "../read/message.ts";

/** One message as it is stored: enough to redo hashes and folds. */
export interface ExportRecord {
  readonly seq: number;
  readonly subject: string;
  readonly ledger_time: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The bytes as they were published, base64. */
  readonly raw: string;
}

/** The last line. */
export interface ExportEnd {
  readonly _end: true;
  /** Records before it. */
  readonly count: number;
  /** Sequence of the last record; 0 if there is none. */
  readonly last_seq: number;
  /** SHA-256 over all bytes before this line, hex. */
  readonly sha256: string;
}

/** Lines are handed on in pieces of about this many characters. */
const PIECE_CHARS = 64 * 1024;

/** The text of an export, piece by piece. It is whole only with its last piece. */
export async function* writeExport(entries: AsyncIterable<RawEntry>): AsyncGenerator<string, void, void> {
  const digest = createHash("sha256");
  let [count, lastSeq, piece] = [0, 0, ""];
  for await (const entry of entries) {
    piece += `${JSON.stringify(recordOf(entry))}\n`;
    count += 1;
    lastSeq = entry.seq;
    if (piece.length < PIECE_CHARS) continue;
    digest.update(piece);
    yield piece;
    piece = "";
  }
  digest.update(piece);
  const end: ExportEnd = { _end: true, count, last_seq: lastSeq, sha256: digest.digest("hex") };
  yield `${piece}${JSON.stringify(end)}\n`;
}

function recordOf({ seq, subject, ledgerTime, headers, data }: RawEntry): ExportRecord {
  return {
    seq,
    subject,
    ledger_time: ledgerTime,
    headers: Object.fromEntries([...(headers ?? [])].map(([name, values]) => [name, values])),
    raw: Buffer.from(data).toString("base64"),
  };
}
