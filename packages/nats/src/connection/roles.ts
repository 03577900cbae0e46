/**
 * The static users of the server's configuration (`deploy/nats/accounts.conf`, spec §8).
 * `system` only makes the servers read the list of devices again.
 */
export const ROLES = ["operator", "api", "provisioning", "system"] as const;

export type Role = (typeof ROLES)[number];

/** One password for each role. */
export type RolePasswords = Readonly<Record<Role, string>>;

/** Name of the environment variable from which server and clients take a role's password. */
export function passwordVariable(role: Role): string {
  return `UPGRADE_LEDGER_NATS_${role.toUpperCase()}_PASSWORD`;
}

/**
 * Reads all role passwords from the environment, for clients of a server that is not embedded.
 * @throws Error naming every variable that is missing.
 */
export function passwordsFromEnvironment(
  env: NodeJS.ProcessEnv,
  roles: readonly Role[],
): Partial<Record<Role, string>> {
  const missing = roles.filter((role) => !env[passwordVariable(role)]).map(passwordVariable);
  if (missing.length > 0) {
    throw new Error(`No password for the NATS server: set ${missing.join(", ")}.`);
  }
  return Object.fromEntries(roles.map((role) => [role, env[passwordVariable(role)] ?? ""]));
}
