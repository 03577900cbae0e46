// Reading the configuration: the file, then FLEET_AGENT_* over it, checked with line and key named (spec §9).
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";
import { AgentConfig, configKeys, variableOf } from "./schema.ts";

export const DEFAULT_CONFIG_PATH = "/etc/fleet-agent/config.toml";

/** The configuration cannot be used; the message names the file, and the line or every wrong key. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

export interface LoadedConfig {
  /** The file that was read, absolute. */
  readonly path: string;
  readonly config: AgentConfig;
}

/**
 * Reads and checks the configuration. Which file: `path`, else `FLEET_AGENT_CONFIG`, else {@link DEFAULT_CONFIG_PATH}.
 * @throws ConfigError
 */
export function loadConfig(path: string | undefined, env: NodeJS.ProcessEnv): LoadedConfig {
  const file = resolve(path ?? env["FLEET_AGENT_CONFIG"] ?? DEFAULT_CONFIG_PATH);
  const raw = withEnvironment(parseFile(file), env);
  const parsed = AgentConfig.safeParse(raw);
  if (!parsed.success) throw new ConfigError(`${file}:\n${issues(parsed.error)}`);
  const { staging_backoff_min_ms: min, staging_backoff_max_ms: max } = parsed.data.upgrade;
  if (min > max) {
    throw new ConfigError(
      `${file}:\n  upgrade.staging_backoff_min_ms: must not exceed upgrade.staging_backoff_max_ms`,
    );
  }
  return { path: file, config: parsed.data };
}

type Table = Record<string, unknown>;

function parseFile(file: string): Table {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigError(
      `Cannot read the configuration: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
  try {
    return { ...parse(text) };
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    throw new ConfigError(`${file}:${cause.line}:${cause.column}: ${cause.message}`, { cause });
  }
}

/** Numbers, booleans and lists are written in the environment as in TOML; anything else is text. */
function withEnvironment(file: Table, env: NodeJS.ProcessEnv): Table {
  const merged = { ...file };
  for (const key of configKeys()) {
    const text = env[variableOf(key)];
    if (text === undefined) continue;
    const [section, name] = key.split(".");
    if (section === undefined) continue;
    if (name === undefined) merged[section] = valueOf(text);
    else merged[section] = { ...table(merged[section]), [name]: valueOf(text) };
  }
  return merged;
}

function table(value: unknown): Table {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function valueOf(text: string): unknown {
  if (!/^(-?\d+|true|false|\[.*\]|\{.*\})$/s.test(text)) return text;
  try {
    return parse(`value = ${text}`)["value"];
  } catch {
    return text;
  }
}

function issues(error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const path = issue.path.map(String);
      const key =
        issue.code === "unrecognized_keys" ? [...path, issue.keys.join(", ")].join(".") : path.join(".");
      const message = issue.code === "unrecognized_keys" ? "unknown key" : issue.message;
      return `  ${key || "configuration"}: ${message} (environment: ${variableOf(key)})`;
    })
    .join("\n");
}
