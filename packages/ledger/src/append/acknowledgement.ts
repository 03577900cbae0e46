// What the broker answers to a publish, read without throwing.
export type Acknowledgement =
  | { readonly kind: "stored"; readonly seq: number }
  | { readonly kind: "duplicate"; readonly seq: number }
  | { readonly kind: "wrong-sequence"; readonly lastSequence: number | null }
  | { readonly kind: "full"; readonly detail: string }
  | { readonly kind: "too-large"; readonly detail: string }
  | { readonly kind: "unavailable"; readonly detail: string }
  | { readonly kind: "rejected"; readonly detail: string };

/** JetStream error codes that a publish can get (`err_code`). */
const CODES = {
  wrongLastSequence: new Set([10071, 10164]),
  /** Account or server out of storage, or the stream at one of its limits. */
  full: new Set([10002, 10023, 10028, 10047, 10077]),
  tooLarge: new Set([10054, 10097]),
  /** The same id is being stored at this moment (a cluster): its outcome is open. */
  inProcess: new Set([10158]),
} as const;
const SERVICE_UNAVAILABLE = 503;

/** Reads a publish acknowledgement. Every answer has a reading; one that is none is `rejected`. */
export function readAcknowledgement(text: string): Acknowledgement {
  const answer = fieldsOf(parse(text));
  const error = answer?.["error"];
  if (error !== undefined) {
    const fields = fieldsOf(error);
    return readError(
      numberOr0(fields?.["code"]),
      numberOr0(fields?.["err_code"]),
      String(fields?.["description"]),
    );
  }
  const seq = numberOr0(answer?.["seq"]);
  if (seq < 1) return { kind: "rejected", detail: `the answer is no acknowledgement: ${text.slice(0, 200)}` };
  return { kind: answer?.["duplicate"] === true ? "duplicate" : "stored", seq };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? { ...value } : undefined;
}

function numberOr0(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function readError(status: number, code: number, description: string): Acknowledgement {
  const detail = `${description} (${code})`;
  if (CODES.wrongLastSequence.has(code)) {
    const last = /: (\d+)$/.exec(description)?.[1];
    return { kind: "wrong-sequence", lastSequence: last === undefined ? null : Number(last) };
  }
  if (CODES.full.has(code)) return { kind: "full", detail };
  if (CODES.tooLarge.has(code)) return { kind: "too-large", detail };
  if (CODES.inProcess.has(code) || status === SERVICE_UNAVAILABLE) return { kind: "unavailable", detail };
  return { kind: "rejected", detail };
}
