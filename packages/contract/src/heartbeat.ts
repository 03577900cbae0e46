// Heartbeats (spec §3.3): what is live. They are never ledger events.
import { z } from "zod";
import { describe } from "./events/decode.ts";
import { DeviceId, InstanceId, UpgradeId } from "./ids.ts";
import { AgentState } from "./phase.ts";
import { parseHeartbeatSubject } from "./subjects.ts";
import { Timestamp } from "./time.ts";
import { ReportedVersion } from "./version.ts";

export const MAX_HEARTBEAT_BYTES = 4 * 1024;
export const DEFAULT_INTERVAL_MS = 10_000;
const INTERVAL_MS = { min: 500, max: 30_000 };

export const Progress = z.looseObject({
  done_bytes: z.int().nonnegative(),
  total_bytes: z.int().positive(),
});

/** As our agents send it. */
export const Heartbeat = z
  .looseObject({
    device_id: DeviceId,
    instance_id: InstanceId,
    current_version: ReportedVersion,
    agent_state: AgentState,
    upgrade_id: UpgradeId.optional(),
    interval_ms: z.int().positive(),
    sent_at: Timestamp,
    progress: Progress.optional(),
  })
  .meta({ id: "Heartbeat" });
export type Heartbeat = z.infer<typeof Heartbeat>;

/** As it is read, from our agents or from one that knows only the ADR. */
export interface ReadHeartbeat {
  readonly device_id: DeviceId;
  readonly instance_id: InstanceId;
  readonly current_version: ReportedVersion;
  /** `null` where none is given: such an agent never counts as running. */
  readonly agent_state: AgentState | null;
  readonly upgrade_id: UpgradeId | null;
  /** The claimed interval, clamped to 0.5–30 s (spec §5); 10 s where none is given. */
  readonly interval_ms: number;
  readonly sent_at: string | null;
  readonly progress: z.infer<typeof Progress> | null;
}

export type HeartbeatReading =
  | { readonly ok: true; readonly heartbeat: ReadHeartbeat }
  | { readonly ok: false; readonly detail: string };

const Lenient = z.looseObject({
  device_id: z.string().optional(),
  instance_id: z.string().optional(),
  current_version: z.unknown().optional(),
  /** What the ADR calls it. */
  version: z.unknown().optional(),
  agent_state: AgentState.nullish().catch(null),
  upgrade_id: UpgradeId.nullish().catch(null),
  interval_ms: z.number().nullish().catch(null),
  sent_at: Timestamp.nullish().catch(null),
  progress: Progress.nullish().catch(null),
});

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a heartbeat leniently; the subject says whose it is. Never throws. `injected`: it carries a `Nats-Stream` header. */
export function readHeartbeat(message: {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly injected: boolean;
}): HeartbeatReading {
  const from = parseHeartbeatSubject(message.subject);
  if (from === undefined) return { ok: false, detail: `no heartbeat subject: ${message.subject}` };
  if (message.injected)
    return { ok: false, detail: "carries a Nats-Stream header: it came through an API's reply" };
  if (message.data.length > MAX_HEARTBEAT_BYTES) return { ok: false, detail: `${message.data.length} bytes` };
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(message.data));
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
  const parsed = Lenient.safeParse(json);
  if (!parsed.success) return { ok: false, detail: describe(parsed.error) };
  const body = parsed.data;
  if (body.device_id !== undefined && body.device_id !== from.deviceId) {
    return { ok: false, detail: `claims device ${JSON.stringify(body.device_id)} on ${message.subject}` };
  }
  if (body.instance_id !== undefined && body.instance_id !== from.instanceId) {
    return { ok: false, detail: `claims instance ${JSON.stringify(body.instance_id)} on ${message.subject}` };
  }
  return {
    ok: true,
    heartbeat: {
      device_id: from.deviceId,
      instance_id: from.instanceId,
      current_version: firstReadable(body.current_version, body.version),
      agent_state: body.agent_state ?? null,
      upgrade_id: body.upgrade_id ?? null,
      interval_ms: Math.min(
        INTERVAL_MS.max,
        Math.max(INTERVAL_MS.min, body.interval_ms ?? DEFAULT_INTERVAL_MS),
      ),
      sent_at: body.sent_at ?? null,
      progress: body.progress ?? null,
    },
  };
}

function firstReadable(...versions: readonly unknown[]): ReportedVersion {
  for (const version of versions) {
    const parsed = ReportedVersion.safeParse(version);
    if (parsed.success) return parsed.data;
  }
  return "unknown";
}
