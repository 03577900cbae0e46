// The agents and the guard, built once for a test file as a release would build them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Artifact } from "@upgrade-ledger/contract";
import { type BuiltAgent, buildAgent, buildGuard } from "../../../../scripts/build-agent.mjs";

export interface Built {
  readonly folder: string;
  readonly guardPath: string;
  readonly agents: ReadonlyMap<string, BuiltAgent>;
  /** What an operator says of a version, fetched from its file unless `url` says otherwise. */
  artifact(version: string, url?: string): Artifact;
  remove(): Promise<void>;
}

const DEMO_AGENTS = fileURLToPath(new URL("../../../../demo/agents", import.meta.url));

/** Broken on purpose, for the demo and for us. */
export const SELF_TEST_FAILS = join(DEMO_AGENTS, "self-test-fails.ts");
export const NEVER_HEARTBEATS = join(DEMO_AGENTS, "never-heartbeats.ts");

export const CRASHES_ON_RUN = fileURLToPath(new URL("crashes-on-run.ts", import.meta.url));

/** They work until the old agent has gone. */
export const CRASHES_WHEN_ALONE = fileURLToPath(new URL("crashes-when-alone.ts", import.meta.url));
export const CRASHES_ON_PROBATION = fileURLToPath(new URL("crashes-on-probation.ts", import.meta.url));
export const OFFLINE_WHEN_ALONE = fileURLToPath(new URL("offline-when-alone.ts", import.meta.url));

/** Builds each version from its entry; `undefined` is the agent itself. */
export async function build(versions: Readonly<Record<string, string | undefined>>): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), "fleet-agent-built-"));
  const guardPath = (await buildGuard({ outDir: folder })).path;
  const agents = new Map<string, BuiltAgent>();
  for (const [version, entry] of Object.entries(versions))
    agents.set(
      version,
      await buildAgent({ version, outDir: folder, ...(entry === undefined ? {} : { entry }) }),
    );
  return {
    folder,
    guardPath,
    agents,
    artifact: (version, url) => {
      const agent = agents.get(version);
      if (agent === undefined) throw new Error(`${version} was not built`);
      return Artifact.parse({
        version,
        platform: "any",
        url: url ?? pathToFileURL(agent.path).href,
        sha256: agent.sha256,
        size_bytes: agent.sizeBytes,
        signature: agent.signature,
      });
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
