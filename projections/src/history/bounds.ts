// How much one document of a history holds, so that each fits into one message and none reaches 500 events (spec §6).
export const MAX_PAGE_EVENTS = 200;
/** Largest size of a page's events as JSON, unless one event alone is larger. */
export const MAX_PAGE_BYTES = 96 * 1024;
/** Intervals, and attempts, that the history document itself holds. */
export const MAX_LISTED = 64;
/** How many of them move to an older page at once. */
export const MOVED_AT_ONCE = 32;
const MAX_TEXT_CHARS = 256;

/** A text cut for lists; the whole of it is in the record. */
export function cutText(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
