import { StagingError } from "./staging-error.ts";

/** This device's platform, as artifacts name it: `linux-x64`, `linux-arm64`… (spec §3.4). */
export function devicePlatform(): string {
  return `${process.platform}-${process.arch}`;
}

/** @throws StagingError `platform_mismatch` for an artifact that is neither for `any` platform nor for this one */
export function requirePlatform(platform: string): void {
  if (platform === "any" || platform === devicePlatform()) return;
  throw new StagingError(
    "platform_mismatch",
    false,
    `the artifact is for ${platform}, this device is ${devicePlatform()}`,
  );
}
