// Where the checkpointer was, in a file, so that a start need not read the whole ledger again. It may be lost.
import { rename, writeFile } from "node:fs/promises";
import { z } from "zod";
import { readIfThere } from "../keys/create-once.ts";
import { CompactRange } from "../merkle/compact-range.ts";

const Resume = z.object({
  /** When the ledger's stream was made. */
  created: z.string(),
  last_seq: z.int().nonnegative(),
  range: z.object({ size: z.int().nonnegative(), roots: z.array(z.string()) }),
});

export interface ResumePoint {
  readonly created: string;
  readonly lastSeq: number;
  readonly range: CompactRange;
}

/** A file that is missing or damaged is as good as none. */
export async function loadResumePoint(file: string): Promise<ResumePoint | undefined> {
  const text = await readIfThere(file);
  if (text === undefined) return undefined;
  try {
    const { created, last_seq: lastSeq, range } = Resume.parse(JSON.parse(text));
    return { created, lastSeq, range: CompactRange.from(range) };
  } catch {
    return undefined;
  }
}

export async function saveResumePoint(file: string, point: ResumePoint): Promise<void> {
  const content = { created: point.created, last_seq: point.lastSeq, range: point.range };
  await writeFile(`${file}.new`, JSON.stringify(content), { mode: 0o600 });
  await rename(`${file}.new`, file);
}
