// How far a projection has come: KV key `_checkpoint` (spec §5). Written after the documents that it covers.

export interface Checkpoint {
  readonly projection: string;
  readonly projection_version: number;
  /** Every entry up to here is in the documents. */
  readonly seq: number;
  /** When the ledger's stream was made: another value means another ledger. */
  readonly stream_created: string;
  /** Counts the rebuilds; documents of an earlier one do not count. */
  readonly generation: number;
  /** How many documents there are. */
  readonly states: number;
  /** Their order-free digest, hex. */
  readonly digest: string;
}

/** Reads a stored checkpoint; `undefined` if it is none of ours: then the projection is rebuilt. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isCheckpoint(json) ? json : undefined;
}

function isCheckpoint(json: unknown): json is Checkpoint {
  if (typeof json !== "object" || json === null) return false;
  const has = (key: keyof Checkpoint, type: "string" | "number") =>
    key in json && typeof Reflect.get(json, key) === type;
  return (
    has("projection", "string") &&
    has("projection_version", "number") &&
    has("seq", "number") &&
    has("stream_created", "string") &&
    has("generation", "number") &&
    has("states", "number") &&
    has("digest", "string")
  );
}
