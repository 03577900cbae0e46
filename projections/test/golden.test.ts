// Recorded ledgers with the documents that they gave: every later version must give the same, or raise its projection's
// version. A recording is never made anew; `RECORD_GOLDEN=1` writes what is missing: a new log, or the documents of a new
// projection version after the old ones have been removed.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LedgerEntry } from "@upgrade-ledger/contract";
import {
  catalogueProjection,
  deviceProjection,
  foldAll,
  historyProjection,
  quarantineProjection,
} from "@upgrade-ledger/projections";
import { describe, expect, it } from "vitest";
import { recordings } from "./golden/recordings.ts";
import { entryOfLine, type StoredLine } from "./story.ts";

const FOLDER = fileURLToPath(new URL("golden/", import.meta.url));
const LOG = ".ndjson";
const EXPECTED = ".golden.json";

function documentsOf(lines: readonly StoredLine[]): Record<string, unknown> {
  const entries: LedgerEntry[] = lines.map(entryOfLine);
  const folds = {
    device: foldAll(deviceProjection, entries),
    history: foldAll(historyProjection, entries),
    catalogue: foldAll(catalogueProjection, entries),
    quarantine: foldAll(quarantineProjection, entries),
  };
  return Object.fromEntries(
    Object.entries(folds).flatMap(([name, documents]) =>
      [...documents].map(([key, text]): [string, unknown] => [`${name}/${key}`, JSON.parse(text)]),
    ),
  );
}

function readLog(name: string): StoredLine[] {
  const lines = readFileSync(`${FOLDER}${name}${LOG}`, "utf8").trimEnd().split("\n");
  return lines.map((line): StoredLine => JSON.parse(line));
}

function readExpected(name: string): unknown {
  return JSON.parse(readFileSync(`${FOLDER}${name}${EXPECTED}`, "utf8"));
}

if (process.env["RECORD_GOLDEN"] === "1") {
  for (const [name, lines] of Object.entries(recordings())) {
    const [log, expected] = [`${FOLDER}${name}${LOG}`, `${FOLDER}${name}${EXPECTED}`];
    if (!existsSync(log)) writeFileSync(log, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    if (existsSync(expected)) continue;
    writeFileSync(expected, `${JSON.stringify(documentsOf(readLog(name)), null, 1)}\n`);
  }
}

const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith(LOG))
  .map((file) => file.slice(0, -LOG.length));

it("there are recordings", () => expect(names.length).toBeGreaterThanOrEqual(5));

describe.each(names)("%s", (name) => {
  it("gives the documents that it gave when it was recorded", () => {
    expect(documentsOf(readLog(name))).toEqual(readExpected(name));
  });

  it("gives others when any one event is left out, so this test can fail", () => {
    const lines = readLog(name);
    const expected = JSON.stringify(readExpected(name));
    const unnoticed = lines.filter(
      (_, left) => JSON.stringify(documentsOf(lines.filter((__, index) => index !== left))) === expected,
    );
    expect(unnoticed).toEqual([]);
  });
});

it("an altered recording is noticed: another version in one event", () => {
  const altered = readLog("adr-good-upgrade").map((line) =>
    line.data.includes('"type":"done"')
      ? { ...line, data: line.data.replace('"to_version":"0.1.2"', '"to_version":"0.1.3"') }
      : line,
  );
  expect(documentsOf(altered)).not.toEqual(readExpected("adr-good-upgrade"));
});
