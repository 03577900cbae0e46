// Checking minisign signatures with Node's own crypto (spec §3.4, §4 Staging).
import { verify } from "node:crypto";
import { globallySigned, parsePublicKey, parseSignature } from "./format.ts";
import { MinisignError } from "./minisign-error.ts";

export interface VerifyMinisignOptions {
  /** The whole text of the `.minisig` file. */
  readonly signatureText: string;
  /** BLAKE2b-512 of the signed file, see {@link BLAKE2B_512}. */
  readonly digest: Buffer;
  /** Public keys: base64 lines or whole `.pub` files. */
  readonly trustedKeys: readonly string[];
  /** `fleet-agent-v<version>`; the trusted comment must hold `file:` and this. */
  readonly expectedFileName: string;
}

export interface VerifiedSignature {
  /** The key that signed, as minisign prints it: 16 upper-case hex digits. */
  readonly keyId: string;
  readonly trustedComment: string;
}

/** Everything about a signature but the file's content has been checked. */
export interface OpenedSignature extends VerifiedSignature {
  /** @throws MinisignError `signature_invalid` when the file with this BLAKE2b-512 is not the one that was signed */
  verifyDigest(digest: Buffer): void;
}

/** Name for `createHash`: what a prehashed signature is made over. */
export const BLAKE2B_512 = "blake2b512";

/**
 * Checks all of a signature that can be checked before the file is there: its form, that a trusted key made it, the
 * global signature over the trusted comment, and the file name in that comment.
 *
 * @throws MinisignError `signature_untrusted` for an unknown key, `signature_invalid` for everything else
 */
export function openMinisign(options: Omit<VerifyMinisignOptions, "digest">): OpenedSignature {
  const file = parseSignature(options.signatureText);
  const trusted = options.trustedKeys.map(parsePublicKey).find(({ keyId }) => keyId === file.keyId);
  if (trusted === undefined) {
    throw new MinisignError(
      "signature_untrusted",
      `signed by key ${file.keyId}, which is not among the ${options.trustedKeys.length} trusted keys`,
    );
  }
  const signed = globallySigned(file.signature, file.trustedComment);
  if (!verify(null, signed, trusted.key, file.globalSignature))
    throw new MinisignError(
      "signature_invalid",
      "the trusted comment was altered: its global signature is wrong",
    );
  requireFileName(file.trustedComment, options.expectedFileName);
  return {
    keyId: file.keyId,
    trustedComment: file.trustedComment,
    verifyDigest: (digest) => {
      if (!verify(null, digest, trusted.key, file.signature))
        throw new MinisignError("signature_invalid", `key ${file.keyId} did not sign these bytes`);
    },
  };
}

/** The whole check at once; see {@link openMinisign}. @throws MinisignError */
export function verifyMinisign(options: VerifyMinisignOptions): VerifiedSignature {
  const opened = openMinisign(options);
  opened.verifyDigest(options.digest);
  return { keyId: opened.keyId, trustedComment: opened.trustedComment };
}

/** A signature of another version must not pass for this one: exactly one `file:` token, and the right one. */
function requireFileName(trustedComment: string, expected: string): void {
  const names = trustedComment.split(/\s+/).filter((token) => token.startsWith("file:"));
  if (names.length !== 1 || names[0] !== `file:${expected}`) {
    const found = names.length === 0 ? "no file" : names.map((name) => name.slice("file:".length)).join(", ");
    throw new MinisignError("signature_invalid", `the signature is for ${found}, not for ${expected}`);
  }
}
