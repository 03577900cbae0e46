// An artifact as the project's build would make it: random bytes, signed with the development key.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Artifact, binaryName } from "@upgrade-ledger/contract";
import { createLayout } from "../../src/layout/layout.ts";
import { signMinisign } from "../../src/minisign/index.ts";
import { createSources } from "../../src/staging/sources.ts";
import { type StageOptions, type Staged, stageOnce } from "../../src/staging/stage-once.ts";
import { StagingError } from "../../src/staging/staging-error.ts";
import { tempFolder } from "../temp-folder.ts";

const KEYS = fileURLToPath(new URL("../../../../deploy/dev-keys", import.meta.url));
export const DEVELOPMENT_KEY = await readFile(join(KEYS, "minisign.pub"), "utf8");
const SECRET_KEY = await readFile(join(KEYS, "minisign.key"), "utf8");

export interface TestArtifact {
  readonly artifact: Artifact;
  readonly content: Buffer;
}

export function sign(content: Buffer, fileName: string): string {
  return signMinisign({ content, fileName, secretKeyText: SECRET_KEY, untrustedComment: "a test" });
}

/** `size` random bytes as version 0.1.2 at `url`; `changes` makes a bad one of it. */
export function makeArtifact(url: string, changes: Partial<Artifact> = {}, size = 300_000): TestArtifact {
  const content = randomBytes(size);
  const version = changes.version ?? "0.1.2";
  const artifact = Artifact.parse({
    version,
    platform: "any",
    url,
    sha256: createHash("sha256").update(content).digest("hex"),
    size_bytes: content.length,
    signature: sign(content, binaryName(version)),
    ...changes,
  });
  return { artifact, content };
}

/** Options for an attempt below a folder of its own; a server that is silent for 300 ms has failed. */
export async function stageOptions(
  artifact: Artifact,
  changes: Partial<StageOptions> = {},
): Promise<StageOptions> {
  const layout = changes.layout ?? createLayout({ prefix: join(await tempFolder(), "usr") });
  await mkdir(layout.binFolder, { recursive: true });
  return {
    artifact,
    layout,
    trustedKeys: [DEVELOPMENT_KEY],
    sources: createSources({ connection: () => null, idleTimeoutMs: 300 }),
    signal: new AbortController().signal,
    onProgress: () => undefined,
    wasActive: () => false,
    ...changes,
  };
}

/** The refusal of an attempt that must not succeed. */
export async function refusal(attempt: Promise<Staged>): Promise<StagingError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof StagingError) return error;
    throw error;
  }
  throw new Error("it was staged");
}

export { stageOnce };
