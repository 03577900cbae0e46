import { readFile } from "node:fs/promises";
import { parse } from "smol-toml";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import { flagOf, SETTING_KEYS, Settings, variableOf, type SettingKey } from "./definitions.ts";

export interface SettingSources {
  /** As given on the command line, by key. */
  readonly flags: Readonly<Partial<Record<SettingKey, string>>>;
  readonly env: NodeJS.ProcessEnv;
  /** A TOML file with the settings' keys. */
  readonly file: string | undefined;
}

/** Flags, then environment, then file, then defaults. @throws CliError that names the place of what is wrong */
export async function loadSettings(sources: SettingSources): Promise<Settings> {
  const fromFile = sources.file === undefined ? {} : await readSettingsFile(sources.file);
  const given: Record<string, unknown> = { ...fromFile };
  const places = new Map<string, string>(
    Object.keys(fromFile).map((key) => [key, `${key} in ${sources.file}`]),
  );
  for (const key of SETTING_KEYS) {
    const variable = sources.env[variableOf(key)];
    if (variable !== undefined && variable !== "") {
      given[key] = variable;
      places.set(key, variableOf(key));
    }
    const flag = sources.flags[key];
    if (flag !== undefined) {
      given[key] = flag;
      places.set(key, flagOf(key));
    }
  }
  const settings = Settings.safeParse(given);
  if (settings.success) return settings.data;
  const faults = settings.error.issues.map((issue) => {
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [String(issue.path[0] ?? "")];
    const what = issue.code === "unrecognized_keys" ? "is no setting" : issue.message;
    return keys.map((key) => `${places.get(key) ?? key}: ${what}`).join("; ");
  });
  throw new CliError(faults.join("; "), {
    exitCode: EXIT.usage,
    hint: "all settings are in docs/configuration.md",
  });
}

async function readSettingsFile(file: string): Promise<Record<string, unknown>> {
  try {
    return { ...parse(await readFile(file, "utf8")) };
  } catch (error) {
    const why = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new CliError(`${file} cannot be read: ${why}`, { cause: error, exitCode: EXIT.usage });
  }
}
