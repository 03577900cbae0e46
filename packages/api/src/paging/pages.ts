import type { PageTokens } from "./page-token.ts";

interface PageRequest {
  /** What decides the list's content; see `fingerprint`. */
  readonly request: string;
  readonly offset: number;
  readonly size: number;
}

/** A page cut from a list whose content is pinned, and the token of the next one. */
export function cutPage<T>(
  tokens: PageTokens,
  rows: readonly T[],
  pin: () => string | number,
  { request, offset, size }: PageRequest,
): { readonly rows: readonly T[]; readonly next_page_token: string } {
  const end = offset + size;
  const more = end < rows.length;
  return {
    rows: rows.slice(offset, end),
    next_page_token: more ? tokens.make(request, { pin: pin(), offset: end }) : "",
  };
}
