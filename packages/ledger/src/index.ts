// The ledger: append, read and follow (spec §3); the table of what each append gets is in docs/ledger.md.
export type {
  AppendOutcome,
  BatchOutcome,
  EncodedEvent,
  Expectation,
  RefusalCode,
} from "./append/outcome.ts";
export { chainHash, encodeEvent, InvalidEventError } from "./encode.ts";
export {
  LedgerForbiddenError,
  LedgerGapError,
  LedgerReplacedError,
  LedgerUnavailableError,
  type UnavailableReason,
} from "./errors.ts";
export { ExportDamagedError, readExport } from "./export/read.ts";
export { type ExportEnd, type ExportRecord, writeExport } from "./export/write.ts";
export { derivedEventId, newEventId, newInstanceId } from "./identifiers.ts";
export { type Ledger, ledgerOf, type LedgerOptions } from "./ledger.ts";
export type { FollowOptions } from "./read/follow.ts";
export { entryOf, type RawEntry } from "./read/message.ts";
export type { ReadOptions } from "./read/read.ts";
export type { LedgerHead } from "./read/stream.ts";
export { InvalidKeyError } from "./signature/nkey.ts";
export { type Signer, signerOf, verifySignature } from "./signature/signature.ts";
export {
  Chain,
  type ChainState,
  type SealedEvent,
  type SealOptions,
  type WriterIdentity,
} from "./writer/chain.ts";
export type { Draft, DraftOf } from "./writer/draft.ts";
export {
  createWriter,
  type LedgerWriter,
  type WriteOptions,
  type WriteOutcome,
  type WriterOptions,
} from "./writer/writer.ts";
