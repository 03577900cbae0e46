import { z } from "zod";

/** RFC 3339 in UTC; we write milliseconds and read any precision (spec §3). */
export const Timestamp = z.iso.datetime({
  message: "must be an RFC 3339 time in UTC, such as 2026-05-06T22:51:14.000Z",
});
export type Timestamp = z.infer<typeof Timestamp>;
