// How much a device document holds at most, so that it always fits into one message.
export const MAX_INSTANCES = 8;
export const MAX_WRITERS = 12;
export const MAX_QUIET_WRITERS = 64;
export const MAX_MISSING_RANGES = 8;
export const MAX_RECENT_EVENTS = 16;
export const MAX_RECENT_UPGRADES = 16;
export const MAX_STOPS = 8;
export const MAX_ERROR_CHARS = 1024;

/** Drops the oldest items beyond the bound. */
export function keepLatest(items: unknown[], bound: number): void {
  if (items.length > bound) items.splice(0, items.length - bound);
}

/** An error text cut to what a document keeps; the whole text is in the event. */
export function cutError(text: string): string {
  return text.length > MAX_ERROR_CHARS ? `${text.slice(0, MAX_ERROR_CHARS)}…` : text;
}
