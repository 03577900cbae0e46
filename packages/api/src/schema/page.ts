import { z } from "zod";

export const MAX_PAGE_SIZE = 1_000;
const DEFAULT_PAGE_SIZE = 100;

/** The parameters that every list takes. A page size above 1,000 is clamped. */
export const pageQuery = {
  page_size: z.coerce
    .number({ error: "must be a whole number from 1" })
    .int("must be a whole number from 1")
    .min(1, "must be a whole number from 1")
    .default(DEFAULT_PAGE_SIZE)
    .overwrite((size) => Math.min(size, MAX_PAGE_SIZE)),
  page_token: z.string().max(1024).default(""),
};

/** A list as it is answered: the token is always there, and empty on the last page. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_page_token: z.string() });
}

/** A parameter that may be repeated, to fit where one of its values does. */
export function anyOf<T extends z.ZodType>(value: T) {
  return z.preprocess(
    (raw) => (raw === undefined || Array.isArray(raw) ? raw : [raw]),
    z.array(value).max(100).optional(),
  );
}
