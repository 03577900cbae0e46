// Types of build-agent.mjs, for the demo and the tests.

export interface BuiltFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface BuiltAgent extends BuiltFile {
  /** As compiled in: with build metadata, without a leading `v`. */
  readonly version: string;
  /** Whole text of the `.minisig` file beside it. */
  readonly signature: string;
  readonly signaturePath: string;
}

/** Builds `fleet-agent-v<version>` from `entry` (default: the agent itself) and its `.minisig`, into `outDir`. */
export function buildAgent(options: {
  readonly version: string;
  readonly outDir: string;
  readonly entry?: string;
}): Promise<BuiltAgent>;

/** Builds `fleet-agent-guard` into `outDir`. */
export function buildGuard(options: { readonly outDir: string }): Promise<BuiltFile>;
