import { closeSync, writeSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { keepLogsSmall, openLog } from "../../src/supervisor/guard/log-folder.ts";
import { tempFolder } from "../temp-folder.ts";

it("puts a large log aside while its writer goes on", async () => {
  const folder = join(await tempFolder(), "log");
  const log = openLog(join(folder, "fleet-agent.log"));
  onTestFinished(() => closeSync(log));
  writeSync(log, "x".repeat(100));
  await writeFile(join(folder, "workload-sensor.log"), "small");
  keepLogsSmall(folder, 50);
  writeSync(log, "next");
  expect(await readFile(join(folder, "fleet-agent.log"), "utf8")).toBe("next");
  expect(await readFile(join(folder, "fleet-agent.log.1"), "utf8")).toBe("x".repeat(100));
  expect((await readdir(folder)).toSorted()).toEqual([
    "fleet-agent.log",
    "fleet-agent.log.1",
    "workload-sensor.log",
  ]);
});

it("does without a log that cannot be written, and without a folder", async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, "taken.log"));
  const log = openLog(join(folder, "taken.log"));
  writeSync(log, "into the void");
  closeSync(log);
  expect(() => keepLogsSmall(join(folder, "absent"), 1)).not.toThrow();
});
