import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { waitFor } from "@upgrade-ledger/testkit";
import { describe, expect, it } from "vitest";
import { MAX_OUTPUT_BYTES, runSelfTest, type SelfTestResult } from "../../src/selftest/run-self-test.ts";
import { identify } from "../../src/supervisor/process-identity.ts";
import { tempFolder } from "../temp-folder.ts";

interface Trial {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly mode?: number;
}

/** Runs a staged binary that is the given text. */
async function selfTest(text: string, trial: Trial = {}): Promise<SelfTestResult> {
  const path = join(await tempFolder(), "fleet-agent-v0.1.2");
  await writeFile(path, text);
  await chmod(path, trial.mode ?? 0o755);
  return runSelfTest({
    path,
    configPath: "/etc/fleet agent.toml",
    expectedVersion: "0.1.2",
    timeoutMs: trial.timeoutMs ?? 10_000,
    signal: trial.signal ?? new AbortController().signal,
  });
}

const shell = (script: string): string => `#!/bin/sh\n${script}\n`;

describe("the self-test passes", () => {
  it.each([
    ["with the line alone", `echo "fleet-agent 0.1.2 ok"`],
    ["with other lines before it", `echo checking; echo "fleet-agent 0.1.2 ok"`],
    ["with build metadata", `echo "fleet-agent 0.1.2+sha.9f ok"`],
    ["with warnings on standard error after it", `echo "fleet-agent 0.1.2 ok"; echo "(node) warning" >&2`],
    [
      "given its arguments",
      `[ "$*" = "--self-test --config /etc/fleet agent.toml" ] && echo "fleet-agent 0.1.2 ok"`,
    ],
  ])("%s", async (_what, script) => {
    expect(await selfTest(shell(script))).toEqual({ ok: true });
  });
});

describe("the self-test fails", () => {
  it.each([
    [
      "self_test_failed",
      `echo "config: unknown key nats.uri" >&2; exit 1`,
      "ended with exit 1\nconfig: unknown key nats.uri",
    ],
    ["self_test_failed", `kill -9 $$`, "ended with SIGKILL"],
    ["self_test_failed", `echo "fleet-agent 0.1.2 ok"; exit 1`, "ended with exit 1\nfleet-agent 0.1.2 ok"],
    ["self_test_failed", `exit 0`, `the last line is not "fleet-agent <version> ok"`],
    ["self_test_failed", `echo "fleet-agent 0.1.2 ok"; echo bye`, `the last line is not`],
    ["self_test_wrong_version", `echo "fleet-agent 0.1.3 ok"`, "says it is 0.1.3, not 0.1.2"],
    ["not_executable", `exit 127`, "cannot be executed (exit 127)"],
  ])("%s: %s", async (code, script, output) => {
    const result = await selfTest(shell(script));
    expect(result).toMatchObject({ ok: false, code, output: expect.stringContaining(output) });
  });

  it("when it cannot be executed at all", async () => {
    expect(await selfTest(shell("exit 0"), { mode: 0o644 })).toMatchObject({ code: "not_executable" });
    expect(await selfTest("#!/nonexistent/interpreter\n")).toMatchObject({ code: "not_executable" });
    const wrongArchitecture = "\u007fELF\u0002\u0001\u0001" + "\0".repeat(57);
    expect(await selfTest(wrongArchitecture)).toMatchObject({ code: "not_executable" });
  });

  it("when it does not answer in time; what it started is killed with it", async () => {
    const pidFile = join(await tempFolder(), "pid");
    const result = await selfTest(shell(`sleep 600 & echo $! > ${pidFile}; echo connecting; wait`), {
      timeoutMs: 300,
    });
    expect(result).toEqual({
      ok: false,
      code: "self_test_timeout",
      output: "no answer within 300 ms\nconnecting",
    });
    const pid = Number(await readFile(pidFile, "utf8"));
    await waitFor(() => identify(pid) === undefined, { describe: "its child to be gone" });
  });

  it("with its output cut to the last 4 KiB, at a whole character", async () => {
    const result = await selfTest(
      shell(`i=0; while [ $i -lt 2000 ]; do echo "línea $i"; i=$((i+1)); done; exit 1`),
    );
    if (result.ok) throw new Error("it passed");
    expect(Buffer.byteLength(result.output)).toBeLessThanOrEqual(MAX_OUTPUT_BYTES);
    expect(result.output).toMatch(/^ended with exit 1\n…/);
    expect(result.output).toMatch(/línea 1999$/);
    expect(result.output).not.toContain("\uFFFD");
  });
});

it("ends at once when it is called off", async () => {
  const controller = new AbortController();
  const pending = selfTest(shell("sleep 600"), { signal: controller.signal });
  queueMicrotask(() => controller.abort(new Error("superseded")));
  await expect(pending).rejects.toThrow("superseded");
});
