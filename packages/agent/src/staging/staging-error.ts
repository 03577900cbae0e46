import type { FailureCode } from "@upgrade-ledger/contract";

/** Why one attempt at staging failed, and whether another may succeed (spec §4, Staging). */
export class StagingError extends Error {
  override readonly name = "StagingError";
  readonly code: FailureCode;
  readonly retryable: boolean;

  constructor(code: FailureCode, retryable: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.retryable = retryable;
  }
}
