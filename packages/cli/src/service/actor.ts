import { userInfo } from "node:os";

/** Who asks, while there are no keys: the user that runs the service (spec §8). */
export function localActor(): string {
  try {
    return `local:${userInfo().username}`;
  } catch {
    // No entry in the password file, as in some containers.
    return `local:uid-${process.getuid?.() ?? "unknown"}`;
  }
}
