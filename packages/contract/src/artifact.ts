// What a device downloads (spec §3.4).
import { z } from "zod";
import { BareVersion } from "./version.ts";

export const Platform = z
  .string()
  .regex(/^(any|[a-z0-9]+-[a-z0-9_]+)$/, "must be any, or <os>-<architecture> such as linux-x64");

/** What any language's JSON Schema can check: a scheme, and an authority without `@`. */
const URL_WITHOUT_CREDENTIALS = /^(?:https?|file|nats):(?:\/\/[^/?#@\\\s]*(?:[/?#]\S*)?|[^/\\@\s][^@\s]*)$/;
const ARTIFACT_SCHEMES = ["https:", "http:", "file:", "nats:"];

function hasAllowedSchemeAndNoCredentials(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return ARTIFACT_SCHEMES.includes(url.protocol) && url.username === "" && url.password === "";
}

/** `https:`, `http:`, `file:` or `nats:`; it holds no credentials, because the ledger is for ever (spec §3.4). */
export const ArtifactUrl = z
  .string()
  .max(2048)
  .regex(URL_WITHOUT_CREDENTIALS, "must be an https:, http:, file: or nats: URL without credentials")
  .refine(
    hasAllowedSchemeAndNoCredentials,
    "must be an https:, http:, file: or nats: URL without credentials",
  );

export const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits");

export const Artifact = z
  .looseObject({
    version: BareVersion,
    platform: Platform,
    url: ArtifactUrl,
    sha256: Sha256Hex,
    size_bytes: z.int().positive(),
    /** The whole text of the `.minisig` file: prehashed, trusted comment with `file:fleet-agent-v<version>`. */
    signature: z.string().min(1).max(4096),
  })
  .meta({ id: "Artifact" });
export type Artifact = z.infer<typeof Artifact>;

/** `fleet-agent-v<version>`: the file name on disk and in the signature's trusted comment (spec §3.4, §4). */
export function binaryName(version: string): string {
  return `fleet-agent-v${BareVersion.parse(version)}`;
}

/** The artifact's name in the object store (spec §3.1). */
export function objectName(version: string, platform: string): string {
  return `${binaryName(version)}-${platform}`;
}
