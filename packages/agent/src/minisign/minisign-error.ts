/** Why a signature does not count (spec §3.4). */
export class MinisignError extends Error {
  override readonly name = "MinisignError";
  /** `signature_untrusted`: well made, by a key that is not trusted. `signature_invalid`: anything else. */
  readonly code: "signature_invalid" | "signature_untrusted";

  constructor(code: "signature_invalid" | "signature_untrusted", message: string) {
    super(message);
    this.code = code;
  }
}
