import type { FailureCode } from "@upgrade-ledger/contract";

/** The device's file system cannot hold or run versions as it should; the message says what to put right (spec §4, Layout). */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The `errno` name of a failed system call (`ENOSPC`), or `undefined` for any other error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const NO_SPACE = new Set(["ENOSPC", "EDQUOT"]);
const FORBIDDEN = new Set(["EACCES", "EPERM"]);

/** A failed system call as a {@link LayoutError}: a full disk is `disk_full`, anything else `layout_invalid`. */
export function layoutErrorFrom(error: unknown, doing: string): LayoutError {
  if (error instanceof LayoutError) return error;
  const errno = errnoOf(error) ?? "";
  const detail = error instanceof Error ? error.message : String(error);
  const options = { cause: error };
  if (NO_SPACE.has(errno))
    return new LayoutError("disk_full", `${doing}: no space left (${detail})`, options);
  const why =
    errno === "EROFS"
      ? "the file system is read-only: "
      : FORBIDDEN.has(errno)
        ? `not allowed for user ${process.getuid?.() ?? "?"}: `
        : "";
  return new LayoutError("layout_invalid", `${doing}: ${why}${detail}`, options);
}
