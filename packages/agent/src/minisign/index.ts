// minisign signatures (spec §3.4), for the agent, for whoever publishes artifacts, and for the build.
export { parsePublicKey } from "./format.ts";
export type { PublicKey } from "./format.ts";
export { MinisignError } from "./minisign-error.ts";
export { signMinisign } from "./sign.ts";
export type { SignMinisignOptions } from "./sign.ts";
export { BLAKE2B_512, openMinisign, verifyMinisign } from "./verify.ts";
export type { OpenedSignature, VerifiedSignature, VerifyMinisignOptions } from "./verify.ts";
