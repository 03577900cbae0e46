// Marker and attempts on disk (spec §4, Marker).
import { join } from "node:path";
import { Attempts, Marker, MARKER_SCHEMA, type Upgrade } from "../core/index.ts";
import { removeDurably } from "../files/durable-file.ts";
import { readJson, writeJson } from "../files/json-file.ts";

export interface StoredMemory {
  readonly marker: Marker | null;
  /** `null` when what was attempted is not known: the file is missing or was corrupt, or the marker was corrupt. */
  readonly attempts: Attempts | null;
  /** Files that could not be read and were set aside, with the reason. */
  readonly setAside: readonly string[];
}

export interface MarkerStore {
  read(): Promise<StoredMemory>;
  /** The marker first, then the attempts: what is open counts as attempted in any case. */
  write(upgrade: Upgrade | null, attempts: Attempts): Promise<void>;
}

/** `<stateDir>/marker.json` and `<stateDir>/attempts.json`. */
export function createMarkerStore(stateDir: string): MarkerStore {
  const markerPath = join(stateDir, "marker.json");
  const attemptsPath = join(stateDir, "attempts.json");
  let written = "";
  return {
    read: async () => {
      const marker = await readJson(markerPath, Marker);
      const attempts = await readJson(attemptsPath, Attempts);
      const setAside = [marker, attempts].flatMap((reading) =>
        reading.kind === "corrupt" ? [`${reading.setAside}: ${reading.why}`] : [],
      );
      const known = attempts.kind === "there" && marker.kind !== "corrupt" ? attempts.value : null;
      return { marker: marker.kind === "there" ? marker.value : null, attempts: known, setAside };
    },
    write: async (upgrade, attempts) => {
      if (upgrade === null) await removeDurably(markerPath);
      else await writeJson(markerPath, { schema: MARKER_SCHEMA, upgrade });
      const text = JSON.stringify(attempts);
      if (text === written) return;
      await writeJson(attemptsPath, attempts);
      written = text;
    },
  };
}
