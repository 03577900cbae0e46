// How deeply a payload is nested: one that would exhaust the stack of whoever walks it is not let through.

/** Levels of objects and arrays in one event; ours have four. */
export const MAX_DEPTH = 32;

const OPENING_BRACE = 0x7b;
const OPENING_BRACKET = 0x5b;

/** Whether `json`, parsed from `data`, has more than `limit` levels. Walks it only if it has that many brackets at all. */
export function isDeeperThan(limit: number, json: unknown, data: Uint8Array): boolean {
  let openings = 0;
  // By index: every stored event comes by here, and an iterator would cost more than parsing it.
  for (let index = 0; index < data.length; index++) {
    const byte = data[index];
    if (byte === OPENING_BRACE || byte === OPENING_BRACKET) openings += 1;
  }
  if (openings <= limit) return false;
  let level: unknown[] = [json];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
  return false;
}
