import { Artifact, BareVersion, FreshEventId, Reason } from "@upgrade-ledger/contract";
import { z } from "zod";
import { apiSchemas } from "./registry.ts";

export const DesiredVersionBody = z.strictObject({
  /** `null` cancels the open upgrade. */
  desired_version: BareVersion.nullable(),
  reason: Reason.min(1, "must say why, for whoever reads the ledger later"),
  /** Default: the catalogue's artifact of the version for the device's platform. */
  artifact: Artifact.optional(),
});

/** Fits any headers; of them, this route reads the key. */
export const IdempotencyHeaders = z.looseObject({ "idempotency-key": FreshEventId.optional() });

export const DesiredVersionAccepted = z
  .object({
    /** For a cancellation: the upgrade that is cancelled. */
    upgrade_id: z.string(),
    event_id: z.string(),
    /** Where the ledger has it. */
    ledger_seq: z.int(),
    device_id: z.string(),
    desired_version: z.string().nullable(),
    /** Where the device gets it; `null` if it has run that version and kept it. */
    artifact: Artifact.nullable(),
  })
  .register(apiSchemas, { id: "DesiredVersionAccepted" });

/** An NKey user public key. */
const PublicKey = z
  .string()
  .regex(/^U[A-Z2-7]{55}$/, "must be an NKey user public key (U and 55 letters or digits)");
export const EnrolmentBody = z.strictObject({ public_key: PublicKey, reason: Reason.default("") });
export const EnrolmentAccepted = z
  .object({ device_id: z.string(), public_key: z.string(), event_id: z.string(), ledger_seq: z.int() })
  .register(apiSchemas, { id: "EnrolmentAccepted" });
