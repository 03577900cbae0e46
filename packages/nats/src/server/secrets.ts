import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

import { ROLES } from "../connection/roles.ts";
import type { Role, RolePasswords } from "../connection/roles.ts";
import { parseJsonObject } from "../json.ts";

/**
 * The passwords of the static users, made once and kept in `file` (0600).
 * Two processes that start at once agree: the file is linked into place whole, and the first wins.
 */
export async function loadOrCreatePasswords(file: string): Promise<RolePasswords> {
  const existing = await readPasswords(file);
  if (existing) return existing;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.new`;
  const passwords = Object.fromEntries(ROLES.map((role) => [role, newPassword()]));
  await writeFile(draft, `${JSON.stringify(passwords, null, 2)}\n`, { mode: 0o600, flush: true });
  try {
    await link(draft, file);
  } catch (error) {
    if (!isErrorCode(error, "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const stored = await readPasswords(file);
  if (!stored) throw new Error(`${file} vanished while it was being made`);
  return stored;
}

/** Passwords start with a letter: the server would read one of digits alone as a number. */
function newPassword(): string {
  return `p${randomBytes(24).toString("hex")}`;
}

async function readPasswords(file: string): Promise<RolePasswords | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (isErrorCode(error, "ENOENT")) return undefined;
    throw error;
  }
  const content = parseJsonObject(text, file);
  const passwordOf = (role: Role): string => {
    const password = content[role];
    if (typeof password !== "string" || password === "") {
      throw new Error(`${file} has no password for "${role}". Delete the file to have new ones made.`);
    }
    return password;
  };
  return {
    operator: passwordOf("operator"),
    api: passwordOf("api"),
    provisioning: passwordOf("provisioning"),
    system: passwordOf("system"),
  };
}

/** Whether an error of Node's file or process functions has the given code (`ENOENT`). */
export function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
