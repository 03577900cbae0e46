// Proof that the ledger is what it was: Merkle tree, signed checkpoints, the independent auditor (docs/verify.md).
export { CompactRange, type CompactRangeState } from "./merkle/compact-range.ts";
export { EMPTY_ROOT, entryLeafHash, leafHash, nodeHash } from "./merkle/hash.ts";
export { consistencyProof, inclusionProof, rootAt, type SubtreeReader } from "./merkle/proof.ts";
export { MerkleTree } from "./merkle/tree.ts";
export { type TreeHead, verifyConsistency, verifyInclusion } from "./merkle/verify-proof.ts";
export {
  type Checkpoint,
  readCheckpoint,
  type ReadCheckpoint,
  signCheckpoint,
} from "./checkpoint/checkpoint.ts";
export {
  InvalidNoteError,
  type Note,
  parseNote,
  signNote,
  type NoteVerdict,
  verifyNote,
} from "./checkpoint/note.ts";
export {
  InvalidNoteKeyError,
  newSignerKey,
  type NoteSigner,
  type NoteVerifier,
  parseSignerKey,
  parseVerifierKey,
} from "./checkpoint/note-key.ts";
export { CHECKPOINTER_DEFAULTS, type CheckpointerSettings } from "./checkpointer/settings.ts";
export {
  type Checkpointer,
  type CheckpointerHealth,
  type CheckpointerOptions,
  startCheckpointer,
} from "./checkpointer/start-checkpointer.ts";
export { CheckpointRefusedError } from "./checkpointer/trusted-checkpoint.ts";
export {
  KEY_FILES,
  loadCheckpointKey,
  loadOrCreateCheckpointKey,
  loadOrCreateWriterKey,
  loadWriterKey,
} from "./keys/key-files.ts";
export { CheckpointLog, type StoredCheckpoint } from "./stored/checkpoint-log.ts";
export { type Finding, FINDING_CODES, type FindingCode, type Findings } from "./verify/finding.ts";
export { goesOn, LastSeen } from "./verify/last-seen.ts";
export { audit, type AuditOptions, LedgerAudit } from "./verify/ledger-audit.ts";
export type { LedgerReport } from "./verify/report.ts";
export {
  type ServerAudit,
  auditServer,
  type ServerAuditOptions,
  type ServerReport,
} from "./verify/audit-server.ts";
export { ProjectionAudit, type ProjectionCounts } from "./verify/projection-audit.ts";
