import { createReadStream } from "node:fs";
import { ReplayStep, UpgradeSummary, VersionInterval } from "@upgrade-ledger/api/schema";
import type { LedgerEntry } from "@upgrade-ledger/contract";
import { entryOf, ExportDamagedError, readExport } from "@upgrade-ledger/ledger";
import { foldAll, historyProjection, Replay, StoredHistory, whyOf } from "@upgrade-ledger/projections";
import { CliError } from "../cli-error.ts";
import type { AsOfOptions } from "../commands/as-of-options.ts";
import { EXIT } from "../exit-codes.ts";
import { Attempt, type HistorySource } from "./history-source.ts";

/** The past as an export tells it, without a service. The file is read to its end before anything of it is believed. */
export function fileSource(path: string): HistorySource {
  const history = async (device: string, asOf: AsOfOptions): Promise<StoredHistory> => {
    const documents = foldAll(historyProjection, await deviceEntries(path, device, asOf));
    return new StoredHistory(async (key) => documents.get(key));
  };
  const replayOf = async (device: string, asOf: AsOfOptions): Promise<Replay> =>
    new Replay(device, await deviceEntries(path, device, asOf));
  return {
    versions: async (device, asOf) =>
      (await (await history(device, asOf)).intervals(device)).map((row) => VersionInterval.parse(row)),
    upgrades: async (device, asOf) =>
      (await (await history(device, asOf)).upgrades(device)).map((row) => UpgradeSummary.parse(row)),
    replay: async (device, { upgrade: upgradeId, from: fromSeq, to: toSeq }) => {
      const replay = await replayOf(device, {});
      return stepsOf(
        replay,
        replay.select({ upgradeId, fromSeq, toSeq }).map(({ seq }) => seq),
      );
    },
    stepAt: async (device, seq) => {
      const replay = await replayOf(device, { asOfSeq: seq });
      const last = replay.events.at(-1);
      return last === undefined ? undefined : stepsOf(replay, [last.seq])[0];
    },
    attempt: async (upgrade) => attemptIn(path, upgrade),
  };
}

function stepsOf(replay: Replay, seqs: readonly number[]): ReplayStep[] {
  return replay.steps(new Set(seqs)).map((step) => ReplayStep.parse(step));
}

async function attemptIn(path: string, upgrade: string): Promise<Attempt> {
  const [request] = await entriesOf(
    path,
    ({ decoded }) => decoded.kind === "event" && decoded.event.event_id === upgrade,
  );
  const device = request?.decoded.deviceId;
  const documents =
    device === undefined ? undefined : foldAll(historyProjection, await deviceEntries(path, device, {}));
  const history = new StoredHistory(async (key) => documents?.get(key));
  const record = await history.record(device ?? "", upgrade);
  if (record === undefined) {
    throw new CliError(`No upgrade ${upgrade} has been asked for.`, { exitCode: EXIT.notFound });
  }
  const earlier = await history.earlierEvents(record);
  const types = new Map([...earlier, ...record.events].map((event) => [event.seq, event.type]));
  const ended = "outcome" in record.upgrade ? record.upgrade : undefined;
  return Attempt.parse({
    ...record.upgrade,
    device_id: record.device_id,
    outcome: record.outcome,
    completed_at: ended?.completed_at ?? null,
    verified: ended?.verified ?? false,
    why: whyOf(record, earlier).map((step) => ({ ...step, type: types.get(step.seq) ?? "unknown" })),
  });
}

/** @throws CliError if the file tells nothing of the device, or ends before the moment that is asked for */
async function deviceEntries(path: string, device: string, asOf: AsOfOptions): Promise<LedgerEntry[]> {
  const { asOfSeq = Number.POSITIVE_INFINITY, asOfTime } = asOf;
  const until = asOfTime === undefined ? Number.POSITIVE_INFINITY : Date.parse(asOfTime);
  let [passed, last, known] = [false, 0, false];
  const entries = await entriesOf(path, ({ seq, ledgerTime, decoded }) => {
    passed ||= seq > asOfSeq || Date.parse(ledgerTime) > until;
    last = seq;
    const about = decoded.deviceId === device && decoded.kind !== "quarantined";
    known ||= about;
    return about && !passed;
  });
  if (asOf.asOfSeq !== undefined && asOf.asOfSeq > last) {
    throw new CliError(`Sequence ${asOf.asOfSeq} is not in ${path}: it ends at ${last}.`);
  }
  if (!known) throw new CliError(`No device ${device} has been seen.`, { exitCode: EXIT.notFound });
  return entries;
}

/** @throws CliError with `EXIT.integrity` if the file is not a whole and unaltered export */
async function entriesOf(path: string, wanted: (entry: LedgerEntry) => boolean): Promise<LedgerEntry[]> {
  const entries: LedgerEntry[] = [];
  try {
    for await (const raw of readExport(createReadStream(path))) {
      const entry = entryOf(raw);
      if (wanted(entry)) entries.push(entry);
    }
    return entries;
  } catch (error) {
    if (error instanceof ExportDamagedError) {
      throw new CliError(`${path} is refused: ${error.message}`, {
        cause: error,
        exitCode: EXIT.integrity,
        hint: "export it again with `upgrade-ledger export`",
      });
    }
    if (error instanceof Error && "code" in error) {
      throw new CliError(`${path} cannot be read (${String(error.code)})`, {
        cause: error,
        exitCode: EXIT.notFound,
      });
    }
    throw error;
  }
}
