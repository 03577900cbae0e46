import { Timestamp } from "@upgrade-ledger/contract";
import { z } from "zod";

/** The parameters of a read that can tell of the past. One of them at most. */
export const asOfQuery = {
  /** As the ledger stood with this event as its last one. */
  as_of_seq: z.coerce.number({ error: "must be a ledger sequence" }).int().nonnegative().optional(),
  /** As it stood before the first event that is later than this ledger time. */
  as_of_time: Timestamp.optional(),
};

export interface AsOfQuery {
  readonly as_of_seq?: number | undefined;
  readonly as_of_time?: string | undefined;
}
