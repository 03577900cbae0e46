// Looking back with the program: replay, why, diff.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReplayStep } from "@upgrade-ledger/api/schema";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { walk, wishOf } from "../src/words/walk.ts";
import { type Finished, run } from "./run.ts";
import { startService, type TestService } from "./service.ts";
import { tell, type Tale } from "./tale.ts";

let folder: string;
let service: TestService;
let tale: Tale;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "upgrade-ledger-past-"));
  service = await startService(join(folder, "data"));
  tale = await tell(service);
});
afterAll(async () => {
  await service.end("SIGTERM");
  await rm(folder, { recursive: true, force: true });
});

function cli(...args: string[]): Promise<Finished> {
  return run(args, { UPGRADE_LEDGER_SERVER: service.url });
}

async function steps(...args: string[]): Promise<ReplayStep[]> {
  const { stdout } = await cli("replay", "pi-1", "-o", "json", ...args);
  return z.array(ReplayStep).parse(JSON.parse(stdout));
}

describe("replay", () => {
  it("tells every event in words", async () => {
    const { code, stdout, stderr } = await cli("replay", "pi-1");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(
      /^#\d+ {2}\S+Z {2}\+\d+ m?s {2}failed\n {5}It failed in verifying \(self_test_failed\): exit code 3\n/m,
    );
    expect(stdout).toContain('     ~ /last_error "exit code 3"\n');
    expect(stdout).toMatch(/written \S+Z by the writer's clock, \d+ m?s (before|ahead of) the ledger's/);
  });

  it("selects, and gives every state in JSON", async () => {
    const all = await steps();
    expect(all.at(-1)).toMatchObject({ seq: tale.lastSeq, state: { phase: "draining" } });
    const ofFailed = await steps("--upgrade", tale.failed);
    expect(ofFailed.map(({ type }) => type)).toEqual(["desired-version", "draining", "failed"]);
    const [first, last] = [ofFailed[1]?.seq ?? 0, ofFailed[2]?.seq ?? 0];
    const some = await steps("--from", String(first), "--to", String(last));
    expect(some).toEqual(all.filter(({ seq }) => first <= seq && seq <= last));
  });

  it("--step needs a terminal", async () => {
    const { code, stderr } = await cli("replay", "pi-1", "--step");
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: "error: --step needs a terminal\nhint: leave it out to see all events\n",
    });
  });

  it("step by step: Enter goes on, s shows the state again and again, q ends, the last one is not asked about", async () => {
    const seen: string[] = [];
    const typed = ["", "s", "S ", "x", "q"];
    const ask = async () => wishOf(typed.shift() ?? "");
    const [show, showState] = [
      (step: string) => seen.push(step),
      (step: string) => seen.push(`state ${step}`),
    ];
    await walk(["a", "b", "c", "d"], show, showState, ask);
    expect(seen).toEqual(["a", "b", "state b", "state b", "c"]);
    await walk(["a"], show, showState, () => Promise.reject(new Error("asked")));
    expect(seen.at(-1)).toBe("a");
  });
});

describe("why", () => {
  it("tells how it went and how it ended", async () => {
    const { code, stdout } = await cli("why", tale.failed);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^pi-1: 0\.1\.1 → 0\.1\.2, failed \(self_test_failed: exit code 3\)\nasked for by local:\S+ at \S+ \S+Z: security fix\n\n#\d+/,
    );
    expect(stdout).toContain("     The old agent takes on no new work; 2 reconciles are under way.\n");
    expect((await cli("why", tale.open)).stdout).toContain("still under way (draining)");
  });

  it("gives the same in JSON, and knows what there is not", async () => {
    const json: unknown = JSON.parse((await cli("why", tale.failed, "-o", "json")).stdout);
    expect(json).toMatchObject({
      device_id: "pi-1",
      outcome: "failed",
      why: [{ type: "desired-version" }, {}, {}],
    });
    expect(await cli("why", "019ab3c4-7f00-7aaa-8000-0123456789ab")).toMatchObject({ code: 3, stdout: "" });
  });
});

describe("as of", () => {
  it("devices show and history tell what was known then", async () => {
    const failed = (await steps("--upgrade", tale.failed))[1]?.seq ?? 0;
    const show = await cli("devices", "show", "pi-1", "--as-of-seq", String(failed));
    expect(show).toMatchObject({ code: 0, stderr: "" });
    expect(show.stdout).toMatch(/phase +draining, since \S+ \S+Z\n/);
    const history = await cli("devices", "history", "pi-1", "--as-of-seq", String(failed), "-o", "json");
    expect(JSON.parse(history.stdout)).toMatchObject({
      versions: [{ version: "0.1.1", to: null }],
      upgrades: [{ upgrade_id: tale.failed, outcome: null, phase: "draining" }],
    });
    const before = await cli("devices", "show", "pi-1", "--as-of-time", "2001-01-01T00:00:00Z");
    expect(before).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("The ledger held nothing then."),
    });
  });

  it("takes one moment, and one that it can read", async () => {
    const both = ["--as-of-seq", "1", "--as-of-time", "2026-05-06T22:51:14Z"];
    expect(await cli("devices", "show", "pi-1", ...both)).toMatchObject({ code: 2 });
    const yesterday = await cli("devices", "show", "pi-1", "--as-of-time", "yesterday");
    expect(yesterday).toMatchObject({ code: 2, stderr: expect.stringContaining("It must be a time in UTC") });
  });
});

describe("diff", () => {
  it("ends with 0 for the same state, and with 1 and the differences for others", async () => {
    const ofFailed = await steps("--upgrade", tale.failed);
    const [asked, ended] = [String(ofFailed[0]?.seq), String(ofFailed[2]?.seq)];
    expect(await cli("diff", "pi-1", asked, asked)).toMatchObject({ code: 0, stdout: "" });
    const different = await cli("diff", "pi-1", asked, ended);
    expect(different).toMatchObject({ code: 1, stderr: "" });
    expect(different.stdout).toContain('/phase\n  - "requested"\n  + "running"\n');
    const json: unknown = JSON.parse((await cli("diff", "pi-1", asked, ended, "-o", "json")).stdout);
    expect(json).toMatchObject({
      device_id: "pi-1",
      differences: expect.arrayContaining([{ path: "/phase", before: "requested", after: "running" }]),
    });
  });

  it("ends with more than 1 for any trouble", async () => {
    expect(await cli("diff", "nobody", "1", "2")).toMatchObject({ code: 3 });
    expect(await cli("diff", "pi-1", "1", "x")).toMatchObject({ code: 2 });
    const early = await cli("diff", "pi-1", "1", String(tale.lastSeq));
    expect(early).toMatchObject({ code: 3, stderr: "error: pi-1 has no event at or before 1\n" });
    const late = await cli("diff", "pi-1", String(tale.lastSeq), "9999999");
    expect(late).toMatchObject({ code: 2, stderr: expect.stringContaining("as_of_in_future") });
  });
});
