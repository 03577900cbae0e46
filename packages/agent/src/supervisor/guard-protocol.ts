// What the guard and its clients say to each other: one JSON object per line over a unix socket, one answer per request.
import { join } from "node:path";
import { z } from "zod";

export const GuardRequest = z.discriminatedUnion("op", [
  z.object({ op: z.literal("start-version"), version: z.string().max(128) }),
  z.object({ op: z.literal("stop-unit"), unit: z.string().max(256) }),
  z.object({ op: z.literal("status"), unit: z.string().max(256) }),
  z.object({ op: z.literal("list") }),
]);
export type GuardRequest = z.infer<typeof GuardRequest>;

export const UnitStatusMessage = z.object({
  state: z.enum(["running", "restarting", "gave-up", "exited", "absent"]),
  pid: z.int().positive().nullable(),
  exit: z.string().nullable(),
});

export const GuardAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);
export type GuardAnswer = z.infer<typeof GuardAnswer>;

/** Where the guard notes the version that it took back last, for the agent that it starts instead. */
export function takenBackPath(stateDir: string): string {
  return join(stateDir, "taken-back.json");
}

/** Longest line either side accepts, characters. */
export const MAX_LINE = 64 * 1024;

/** Name of the guard's socket in the state folder. */
export const GUARD_SOCKET = "guard.sock";
