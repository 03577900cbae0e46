// Versions: SemVer 2.0 without a leading "v" (spec §2).
import { parse } from "semver";
import { z } from "zod";

const SEMVER =
  /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?(?:\+[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*)?$/;

/** A reported version: build metadata is kept; a leading `v` is accepted and dropped (spec §2). */
export const Version = z
  .string()
  .max(128)
  .regex(SEMVER, "must be a SemVer 2.0 version such as 0.1.2")
  .overwrite((text) => text.replace(/^v/, ""))
  .brand<"Version">();
export type Version = z.infer<typeof Version>;

/** A version as asked for, compared and used in paths: without build metadata (spec §2). */
export const BareVersion = z
  .string()
  .max(128)
  .regex(SEMVER, "must be a SemVer 2.0 version such as 0.1.2")
  .overwrite((text) => text.replace(/^v/, "").replace(/\+.*$/, ""))
  .brand<"Version">();

/** What a device reports that it runs; `unknown` where an agent gives no version (spec §3.2). */
export const ReportedVersion = z.union([Version, z.literal("unknown")]);
export type ReportedVersion = z.infer<typeof ReportedVersion>;

/** The same version without build metadata: `0.1.2+sha.9f` → `0.1.2`. */
export function bareVersion(version: Version): Version {
  return BareVersion.parse(version);
}

/** Whether two reported versions are one version: build metadata and a leading `v` do not count (spec §2). */
export function sameVersion(a: string, b: string): boolean {
  if (a === b) return a !== "unknown";
  const [left, right] = [parse(a), parse(b)];
  return left !== null && right !== null && left.version === right.version;
}
