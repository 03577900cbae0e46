// The auditor: takes the ledger's messages as stored, one by one, and says everything that is not as it was written.
import { type DeviceId, HEADERS } from "@upgrade-ledger/contract";
import { chainHash, type RawEntry } from "@upgrade-ledger/ledger";
import { parseVerifierKey } from "../checkpoint/note-key.ts";
import { CompactRange } from "../merkle/compact-range.ts";
import { entryLeafHash } from "../merkle/hash.ts";
import type { StoredCheckpoint } from "../stored/checkpoint-log.ts";
import { ChainAudit } from "./chain-audit.ts";
import { CheckpointAudit } from "./checkpoint-audit.ts";
import { Findings } from "./finding.ts";
import type { LastSeen } from "./last-seen.ts";
import { type ChainLink, linkOf } from "./link.ts";
import type { LedgerReport } from "./report.ts";
import { SignatureAudit } from "./signature-audit.ts";
import { SubjectsSeen } from "./subjects-seen.ts";

export interface AuditOptions {
  /** All stored checkpoints, read before the ledger. */
  readonly checkpoints?: readonly StoredCheckpoint[];
  /** Verifier keys of whoever signs checkpoints; without any their signatures are not checked. */
  readonly checkpointKeys?: readonly string[];
  /** NKeys of the operator's side, besides those that signed checkpoints vouch for. */
  readonly writerKeys?: readonly string[];
  /** What this auditor saw the last time. */
  readonly lastSeen?: LastSeen | undefined;
  /** Check the chains of this device only; sequences and checkpoints are checked over the whole ledger all the same. */
  readonly deviceId?: DeviceId | undefined;
  /** Findings of one kind that are kept; all are counted. Default 100. */
  readonly keepPerCode?: number;
}

const KEEP_PER_CODE = 100;

/** Audits a ledger in one pass with {@link take} for each message in the order of the stream, and {@link finish}. */
export class LedgerAudit {
  /** What has been found so far; others may add to it before the end. */
  readonly findings: Findings;
  readonly #deviceId: DeviceId | undefined;
  readonly #range = new CompactRange();
  readonly #subjects = new SubjectsSeen();
  readonly #chains: ChainAudit;
  readonly #signatures: SignatureAudit;
  readonly #checkpoints: CheckpointAudit;
  #lastSeq = 0;
  #lastTime: string | null = null;
  #unchained = 0;
  #timeRegressions = 0;

  /** @throws InvalidNoteKeyError for a verifier key that is none */
  constructor(options: AuditOptions = {}) {
    const verifiers = (options.checkpointKeys ?? options.lastSeen?.checkpoint_keys ?? []).map(
      parseVerifierKey,
    );
    const { checkpoints = [], lastSeen } = options;
    this.#deviceId = options.deviceId;
    this.findings = new Findings(options.keepPerCode ?? KEEP_PER_CODE);
    this.#checkpoints = new CheckpointAudit({ stored: checkpoints, verifiers, lastSeen }, this.findings);
    const operatorKeys = [...(options.writerKeys ?? []), ...this.#checkpoints.writerKeys];
    this.#signatures = new SignatureAudit(this.findings, operatorKeys);
    this.#chains = new ChainAudit(this.findings);
  }

  /** How many messages it has taken. */
  get size(): number {
    return this.#range.size;
  }

  take(entry: RawEntry): void {
    const { seq, ledgerTime } = entry;
    if (seq !== this.#lastSeq + 1) this.#noteGap(seq);
    if (this.#lastTime !== null && ledgerTime < this.#lastTime) this.#timeRegressions += 1;
    this.#lastSeq = seq;
    this.#lastTime = ledgerTime;
    this.#range.append(entryLeafHash(entry));
    this.#checkpoints.take(this.#range.size, seq, () => this.#range.root());
    this.#takeEvent(entry);
  }

  finish(): LedgerReport {
    const checkpoints = this.#checkpoints.finish(this.#range.size, this.#lastSeq);
    const signatures = this.#signatures.finish();
    const chains = this.#chains.finish();
    return {
      ok: this.findings.total === 0,
      device_id: this.#deviceId ?? null,
      events: this.#range.size,
      last_seq: this.#lastSeq,
      last_time: this.#lastTime,
      root: this.#range.root().toString("base64"),
      ...chains,
      unchained: this.#unchained,
      time_regressions: this.#timeRegressions,
      signatures,
      checkpoints,
      findings: this.findings.kept,
      finding_counts: this.findings.counts,
    };
  }

  #takeEvent(entry: RawEntry): void {
    const subject = this.#subjects.parse(entry.subject);
    const deviceId = subject?.deviceId;
    if (this.#deviceId !== undefined && deviceId !== this.#deviceId) return;
    const link = subject === undefined ? undefined : linkOf(entry, subject);
    const { seq, data } = entry;
    const header = entry.headers?.get(HEADERS.signature);
    const signature = header === "" ? undefined : header;
    if (link === undefined) {
      this.#unchained += 1;
      const side = subject?.family === "device-state" ? "agent" : "operator";
      this.#signatures.takeUnchained({ seq, deviceId, side, data, signature });
      return;
    }
    const place = this.#chains.take(seq, link, chainHash(data));
    this.#signatures.take({ seq, deviceId, side: link.side, data, signature }, link, place);
    if (link.side === "operator") this.#noteKey(seq, link);
  }

  #noteKey(seq: number, { deviceId, payload }: ChainLink): void {
    const { type, public_key: publicKey } = payload;
    if (deviceId === undefined || typeof publicKey !== "string") return;
    if (type === "enrolled") this.#signatures.enrol(deviceId, publicKey);
    if (type === "revoked") this.#signatures.revoke(deviceId, publicKey, seq);
  }

  #noteGap(seq: number): void {
    const from = this.#lastSeq + 1;
    const detail =
      seq < from
        ? `sequence ${seq} comes after sequence ${this.#lastSeq}`
        : `the ledger has nothing at ${from === seq - 1 ? `sequence ${from}` : `sequences ${from} to ${seq - 1}`}`;
    this.findings.add("sequence_gap", seq, null, detail);
  }
}

/** Audits a whole ledger. */
export async function audit(
  entries: Iterable<RawEntry> | AsyncIterable<RawEntry>,
  options: AuditOptions = {},
): Promise<LedgerReport> {
  const auditor = new LedgerAudit(options);
  for await (const entry of entries) auditor.take(entry);
  return auditor.finish();
}
