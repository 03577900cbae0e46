import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { BUCKETS, CHECKPOINT_STREAM, HEARTBEAT_STREAM, LEDGER_STREAM } from "@upgrade-ledger/contract";

import { parseJsonObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { projectPath } from "../project-files.ts";

/** One stream as `streams/*.json` defines it: the JetStream configuration, field by field. */
export interface StreamDefinition {
  readonly name: string;
  readonly config: Readonly<JsonObject>;
}

/** Streams that hold history. They are never weakened (spec §8). */
export const LEDGER_STREAMS: ReadonlySet<string> = new Set([LEDGER_STREAM, CHECKPOINT_STREAM]);

/** Streams to which devices publish: headers that rewrite other messages are never allowed there (spec §3.1). */
export const DEVICE_WRITABLE_STREAMS: ReadonlySet<string> = new Set([
  LEDGER_STREAM,
  HEARTBEAT_STREAM,
  `KV_${BUCKETS.deviceInfo}`,
  `KV_${BUCKETS.workloadState}`,
]);

/**
 * Reads the definitions of all streams, buckets and the object store.
 * @param folder default: the project's `streams/`
 */
export async function readDefinitions(folder: string = projectPath("streams")): Promise<StreamDefinition[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".json")).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const path = join(folder, file);
      const config = parseJsonObject(await readFile(path, "utf8"), path);
      if (typeof config["name"] !== "string") throw new Error(`${path} has no stream name`);
      return { name: config["name"], config };
    }),
  );
}
