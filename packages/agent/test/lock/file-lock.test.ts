// Lock files: one holder, freed by the kernel when it dies (spec §4, Who acts).
import { join } from "node:path";
import { waitFor } from "@upgrade-ledger/testkit";
import { expect, it } from "vitest";
import { tryLock } from "../../src/lock/file-lock.ts";
import { RoleLock } from "../../src/lock/role-lock.ts";
import { runScript } from "../run-script.ts";
import { tempFolder } from "../temp-folder.ts";

const HOLDER = `
import { tryLock } from "../src/lock/file-lock.ts";
void tryLock(process.argv[2] ?? "").then((lock) => {
  console.log(lock === null ? "taken" : "held");
  setInterval(() => lock, 60_000);
});`;

it("has one holder at a time, and is free after its release", async () => {
  const path = join(await tempFolder(), "run", "a.lock");
  const first = await tryLock(path);
  expect(first).not.toBeNull();
  expect(await tryLock(path)).toBeNull();
  first?.release();
  const again = await tryLock(path);
  expect(again).not.toBeNull();
  again?.release();
});

it("is freed when its holder is killed", async () => {
  const path = join(await tempFolder(), "a.lock");
  const holder = await runScript(HOLDER, [path]);
  expect(await holder.line()).toBe("held");
  expect(await tryLock(path)).toBeNull();
  await holder.kill();
  const lock = await waitFor(() => tryLock(path), { describe: "the lock to be free" });
  expect(await (await runScript(HOLDER, [path])).line()).toBe("taken");
  lock.release();
});

it("a role is taken when it is free and given back when it is not wanted", async () => {
  const path = join(await tempFolder(), "active.lock");
  const [one, other] = [new RoleLock(path), new RoleLock(path)];
  expect([await one.settle(true), one.held]).toEqual([true, true]);
  expect([await other.settle(true), other.held]).toEqual([false, false]);
  expect([await one.settle(false), one.held]).toEqual([true, false]);
  expect([await other.settle(true), other.held]).toEqual([true, true]);
  await other.settle(false);
});
