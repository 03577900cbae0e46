// What an auditor keeps between audits: the ledger as it saw it itself, and the last signed checkpoint.
import { z } from "zod";

export const LastSeen = z.object({
  /** How many events the ledger had. */
  size: z.int().nonnegative(),
  /** base64 */
  root: z.string(),
  last_seq: z.int().nonnegative(),
  /** The last signed checkpoint, as a note; `null` if there was none. */
  checkpoint: z.string().nullable(),
  /** Verifier keys of the checkpoints: whoever has them replaced must tell the auditor. */
  checkpoint_keys: z.array(z.string()),
});
export type LastSeen = z.infer<typeof LastSeen>;
