// Marker and attempts on disk: what is corrupt is set aside and never fatal (spec §4, Marker).
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UpgradeId, Version } from "@upgrade-ledger/contract";
import { newEventId, newInstanceId } from "@upgrade-ledger/ledger";
import { expect, it } from "vitest";
import type { Upgrade } from "../../src/core/index.ts";
import { recordStart } from "../../src/marker/device-record.ts";
import { createMarkerStore } from "../../src/marker/marker-store.ts";
import { tempFolder } from "../temp-folder.ts";

function upgrade(): Upgrade {
  return {
    upgrade_id: UpgradeId.parse(newEventId()),
    from_version: Version.parse("0.1.1"),
    to_version: Version.parse("0.1.2"),
    artifact: null,
    old_instance: newInstanceId(),
    resumes: 0,
    confirm_timeout_ms: 60_000,
    at: { step: "staging", attempt: 2 },
  };
}

it("reads what it wrote, and removes the marker when there is nothing open", async () => {
  const store = createMarkerStore(await tempFolder());
  expect(await store.read()).toEqual({ marker: null, attempts: null, setAside: [] });
  const open = upgrade();
  const attempts = { upgrades: [open.upgrade_id], stops: [] };
  await store.write(open, attempts);
  expect(await store.read()).toEqual({ marker: { schema: 1, upgrade: open }, attempts, setAside: [] });
  await store.write(null, attempts);
  expect(await store.read()).toEqual({ marker: null, attempts, setAside: [] });
});

it.each(["", "{", "null", '{"schema":2}'])(
  "sets a corrupt marker aside (%j): what was attempted is then unknown",
  async (text) => {
    const stateDir = await tempFolder();
    const store = createMarkerStore(stateDir);
    await store.write(upgrade(), { upgrades: [], stops: [] });
    await writeFile(join(stateDir, "marker.json"), text);
    const { marker, attempts, setAside } = await store.read();
    expect([marker, attempts]).toEqual([null, null]);
    expect(setAside).toHaveLength(1);
    expect((await readdir(stateDir)).filter((name) => name.startsWith("marker.json.corrupt-"))).toHaveLength(
      1,
    );
  },
);

it("remembers which versions have run", async () => {
  const stateDir = await tempFolder();
  const first = await recordStart(stateDir, Version.parse("0.1.1+a"), "boot-1");
  expect(first.before).toBeNull();
  const second = await recordStart(stateDir, Version.parse("0.1.2"), "boot-2");
  expect(second.before).toMatchObject({ last_version: "0.1.1+a", boot_id: "boot-1" });
  expect(["0.1.1", "0.1.2", "0.1.3"].map((version) => second.wasActive(version))).toEqual([
    true,
    true,
    false,
  ]);
});
