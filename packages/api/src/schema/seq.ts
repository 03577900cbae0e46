import { z } from "zod";

/** A ledger sequence as a parameter. */
export const Seq = z.coerce.number({ error: "must be a ledger sequence" }).int().positive();
