// Signing, for the project's own build with its development key. Releases are signed with the minisign program.
import { createHash, sign } from "node:crypto";
import { globallySigned, parseSecretKey, PREHASHED, TRUSTED_PREFIX, UNTRUSTED_PREFIX } from "./format.ts";
import { BLAKE2B_512 } from "./verify.ts";

export interface SignMinisignOptions {
  readonly content: Uint8Array;
  /** The name that goes into the trusted comment: `fleet-agent-v<version>`. */
  readonly fileName: string;
  /** Text of a secret key file without a password. */
  readonly secretKeyText: string;
  /** Not protected by the signature; a person reads it. */
  readonly untrustedComment: string;
}

/**
 * The text of a `.minisig` file: prehashed, its trusted comment naming the file. The same input gives the same text
 * (no timestamp), so that builds can be compared.
 *
 * @throws MinisignError when the secret key cannot be used
 */
export function signMinisign(options: SignMinisignOptions): string {
  const { key, keyIdBytes } = parseSecretKey(options.secretKeyText);
  const digest = createHash(BLAKE2B_512).update(options.content).digest();
  const signature = sign(null, digest, key);
  const trustedComment = `file:${options.fileName}\thashed`;
  const global = sign(null, globallySigned(signature, trustedComment), key);
  return [
    `${UNTRUSTED_PREFIX}${options.untrustedComment}`,
    Buffer.concat([Buffer.from(PREHASHED, "latin1"), keyIdBytes, signature]).toString("base64"),
    `${TRUSTED_PREFIX}${trustedComment}`,
    global.toString("base64"),
    "",
  ].join("\n");
}
