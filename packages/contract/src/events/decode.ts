// From stored bytes to an event: lenient, total, never throws (spec §3.2, "Readers are lenient").
import { z } from "zod";
import { type DeviceId, EventRef } from "../ids.ts";
import { type LedgerSubject, parseLedgerSubject } from "../subjects.ts";
import { isDeeperThan, MAX_DEPTH } from "./depth.ts";
import { MAX_EVENT_BYTES, SCHEMA_VERSION } from "./envelope.ts";
import { EVENT_TYPES, LedgerEvent, subjectOf } from "./event.ts";
import { type ForeignEvent, foreignError, ForeignPayload, ForeignPhase } from "./foreign.ts";
import { type RawEvent, upcast } from "./upcast.ts";

/** Why a stored message is not an event that may be believed (spec §3.2; the quarantine view). */
export const QUARANTINE_CODES = [
  "not_json",
  "not_an_object",
  "too_large",
  "unknown_subject",
  "wrong_device",
  "wrong_subject",
  "invalid",
  "injected",
] as const;
export type QuarantineCode = (typeof QUARANTINE_CODES)[number];

export type ReadableEvent = LedgerEvent | ForeignEvent;

export type Decoded =
  | { readonly kind: "event"; readonly deviceId: DeviceId | undefined; readonly event: ReadableEvent }
  /** Kept, listed and counted, part of the chain, but changes no state. */
  | {
      readonly kind: "unknown";
      readonly deviceId: DeviceId | undefined;
      readonly type: string;
      readonly eventId: string;
      readonly schemaVersion: number;
    }
  | {
      readonly kind: "quarantined";
      readonly deviceId: DeviceId | undefined;
      readonly code: QuarantineCode;
      readonly detail: string;
    };

export interface StoredPayload {
  readonly seq: number;
  readonly subject: string;
  readonly data: Uint8Array;
  /** Whether the stored message carries a `Nats-Stream` header (spec §3.1). */
  readonly injected: boolean;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });
const KNOWN_TYPES: ReadonlySet<unknown> = new Set(EVENT_TYPES);
const Head = z.looseObject({
  schema_version: z.int().nonnegative().optional(),
  type: z.string().min(1).optional(),
});

/** Reads one stored ledger message. Every input has an answer: an event, an unknown, or a quarantined one with its reason. */
export function decode(stored: StoredPayload): Decoded {
  const subject = parseLedgerSubject(stored.subject);
  const deviceId = subject?.deviceId;
  const reject: Reject = (code, detail) => ({
    kind: "quarantined",
    deviceId,
    code,
    detail,
  });
  if (subject === undefined) return reject("unknown_subject", `no ledger subject: ${stored.subject}`);
  if (stored.injected)
    return reject("injected", "carries a Nats-Stream header: it came through an API's reply");
  if (stored.data.length > MAX_EVENT_BYTES) return reject("too_large", `${stored.data.length} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(stored.data));
  } catch (error) {
    return reject("not_json", error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== "object" || json === null || Array.isArray(json))
    return reject("not_an_object", "not a JSON object");
  if (isDeeperThan(MAX_DEPTH, json, stored.data))
    return reject("invalid", `payload: nested deeper than ${MAX_DEPTH} levels`);
  return decodeObject(stored.seq, stored.subject, subject, { ...json }, reject);
}

type Reject = (code: QuarantineCode, detail: string) => Decoded;

function decodeObject(
  seq: number,
  subjectText: string,
  subject: LedgerSubject,
  raw: RawEvent,
  reject: Reject,
): Decoded {
  const claimed = raw["device_id"];
  if (claimed !== undefined && claimed !== subject.deviceId) {
    const whose =
      typeof claimed === "string" ? JSON.stringify(claimed.slice(0, 64)) : `of type ${typeof claimed}`;
    return reject("wrong_device", `claims a device_id ${whose} on ${subjectText}`);
  }
  if (raw["schema_version"] === SCHEMA_VERSION && KNOWN_TYPES.has(raw["type"])) {
    return decodeKnown(subjectText, subject, raw, reject);
  }
  const head = Head.safeParse(raw);
  if (!head.success) return reject("invalid", describe(head.error));
  const { schema_version: version, type } = head.data;
  if (version === undefined || version === 0) return decodeForeign(seq, subject, raw, reject);
  if (type === undefined) return reject("invalid", "type: missing");
  if (version > SCHEMA_VERSION || !KNOWN_TYPES.has(type)) {
    const id = EventRef.safeParse(raw["event_id"]);
    const eventId = id.success ? id.data : `seq:${seq}`;
    return { kind: "unknown", deviceId: subject.deviceId, type, eventId, schemaVersion: version };
  }
  return decodeKnown(subjectText, subject, upcast(raw, version), reject);
}

function decodeKnown(subjectText: string, subject: LedgerSubject, raw: RawEvent, reject: Reject): Decoded {
  const parsed = LedgerEvent.safeParse(raw);
  if (!parsed.success) return reject("invalid", describe(parsed.error));
  const home = subjectOf(parsed.data);
  if (home !== subjectText)
    return reject("wrong_subject", `a ${parsed.data.type} event belongs on ${home}, not on ${subjectText}`);
  return { kind: "event", deviceId: subject.deviceId, event: parsed.data };
}

function decodeForeign(seq: number, subject: LedgerSubject, raw: RawEvent, reject: Reject): Decoded {
  const payload = ForeignPayload.safeParse(raw);
  if (subject.family !== "device-state" || !payload.success) {
    return reject(
      "invalid",
      'schema_version: missing, and no {"phase": …} of an agent that knows only the ADR',
    );
  }
  const eventId = EventRef.parse(`seq:${seq}`);
  const { deviceId } = subject;
  const phase = ForeignPhase.safeParse(payload.data.phase);
  if (!phase.success)
    return { kind: "unknown", deviceId, type: payload.data.phase, eventId, schemaVersion: 0 };
  const event: ForeignEvent = {
    schema_version: 0,
    event_id: eventId,
    type: phase.data,
    device_id: deviceId,
    occurred_at: null,
    writer: null,
    caused_by: [],
    last_error: foreignError(payload.data.last_error),
  };
  return { kind: "event", deviceId, event };
}

/** The first faults of a payload with the fields named: `writer.sequence: must be …`. */
export function describe(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join(".") || "payload"}: ${issue.message}`)
    .join("; ");
}
