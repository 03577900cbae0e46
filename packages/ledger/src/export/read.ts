// Reading an export back, and refusing one that is not what was written.
import { createHash } from "node:crypto";
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import type { RawEntry } from "../read/message.ts";

/** The file is not a whole and unaltered export. */
export class ExportDamagedError extends Error {
  override readonly name = "ExportDamagedError";
}

const NEWLINE = 10;

/**
 * The messages of an export. Only when the end is reached without an error is anything of it to be believed.
 *
 * @throws ExportDamagedError if it is cut off, was altered, has a hole, or is no export at all
 */
export async function* readExport(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<RawEntry, void, void> {
  const digest = createHash("sha256");
  let [count, lastSeq, number] = [0, 0, 0];
  let ended = false;
  for await (const line of linesOf(pieces)) {
    number += 1;
    if (ended) throw new ExportDamagedError(`line ${number}: there is more after the closing record`);
    const members = membersOf(line, number);
    if (members["_end"] === true) {
      checkEnd(members, { count, last_seq: lastSeq, sha256: digest.digest("hex") });
      ended = true;
      continue;
    }
    digest.update(line);
    const entry = entryOfRecord(members, number);
    if (count > 0 && entry.seq !== lastSeq + 1) {
      throw new ExportDamagedError(`line ${number}: sequence ${entry.seq} follows ${lastSeq}`);
    }
    count += 1;
    lastSeq = entry.seq;
    yield entry;
  }
  if (!ended) {
    throw new ExportDamagedError(`it is cut off: after sequence ${lastSeq} there is no closing record`);
  }
}

function checkEnd(
  said: Readonly<Record<string, unknown>>,
  found: Readonly<Record<"count" | "last_seq" | "sha256", string | number>>,
): void {
  for (const [name, value] of Object.entries(found)) {
    if (said[name] === value) continue;
    throw new ExportDamagedError(
      `it was altered: the closing record says ${name} ${JSON.stringify(said[name])}, but it is ${value}`,
    );
  }
}

/** Lines with their line breaks, as bytes; one that is cut off without its break counts as a line. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let rest: Buffer[] = [];
  for await (const piece of pieces) {
    let from = 0;
    const bytes = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...rest, bytes.subarray(from, at + 1)]);
      rest = [];
      from = at + 1;
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
  if (rest.length > 0) yield Buffer.concat(rest);
}

function membersOf(line: Buffer, number: number): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(line.toString("utf8"));
    if (typeof json === "object" && json !== null) return { ...json };
  } catch {
    // Told below.
  }
  throw new ExportDamagedError(
    `line ${number} is no record: the file is cut off, was altered, or is no export`,
  );
}

function entryOfRecord(members: Readonly<Record<string, unknown>>, number: number): RawEntry {
  const { seq, subject, ledger_time: ledgerTime, raw } = members;
  const stored = headersOf(members["headers"]);
  if (
    typeof seq === "number" &&
    Number.isSafeInteger(seq) &&
    typeof subject === "string" &&
    typeof ledgerTime === "string" &&
    !Number.isNaN(Date.parse(ledgerTime)) &&
    typeof raw === "string" &&
    stored !== "malformed"
  ) {
    return { seq, subject, ledgerTime, data: Buffer.from(raw, "base64"), headers: stored };
  }
  throw new ExportDamagedError(`line ${number} is no record of an export`);
}

function headersOf(value: unknown): MsgHdrs | undefined | "malformed" {
  if (typeof value !== "object" || value === null) return "malformed";
  const stored = headers();
  try {
    for (const [name, values] of Object.entries(value)) {
      if (!Array.isArray(values)) return "malformed";
      for (const each of values) stored.append(name, String(each));
    }
  } catch {
    // No header can have such a name or value.
    return "malformed";
  }
  return stored.keys().length === 0 ? undefined : stored;
}
