import type { ReadHeartbeat } from "@upgrade-ledger/contract";

/** The last heartbeat of one instance, as it was received. */
export interface LastHeartbeat {
  readonly receivedAt: number;
  readonly heartbeat: ReadHeartbeat;
}

/** Instances that have been silent for longer are forgotten: they are gone. */
export const FORGOTTEN_AFTER_MS = 3_600_000;

/** The last heartbeat of each instance of each device. */
export class LastHeartbeats {
  readonly #devices = new Map<string, LastHeartbeat[]>();

  /** What the device's instances said last, the latest first. */
  of(deviceId: string, nowMs: number): readonly LastHeartbeat[] {
    const known = this.#devices.get(deviceId);
    if (known === undefined) return [];
    const oldest = nowMs - FORGOTTEN_AFTER_MS;
    if (known.every(({ receivedAt }) => receivedAt >= oldest)) return known;
    const left = known.filter(({ receivedAt }) => receivedAt >= oldest);
    if (left.length === 0) this.#devices.delete(deviceId);
    else this.#devices.set(deviceId, left);
    return left;
  }

  /** Answers what it changed: nothing if a later one is known, else its time, or also what it says. */
  hear(heartbeat: ReadHeartbeat, receivedAt: number): "nothing" | "time" | "words" {
    const known = this.#devices.get(heartbeat.device_id) ?? [];
    const before = known.find((each) => each.heartbeat.instance_id === heartbeat.instance_id);
    if (before !== undefined && before.receivedAt > receivedAt) return "nothing";
    const others = known.filter((each) => each !== before);
    const at = others.findIndex((each) => each.receivedAt < receivedAt);
    others.splice(at === -1 ? others.length : at, 0, { receivedAt, heartbeat });
    this.#devices.set(heartbeat.device_id, others);
    return before !== undefined && wordsOf(before.heartbeat) === wordsOf(heartbeat) ? "time" : "words";
  }
}

/** What of a heartbeat is shown, but for its time. */
function wordsOf(heartbeat: ReadHeartbeat): string {
  const { current_version: version, agent_state: state, progress, interval_ms: interval } = heartbeat;
  return JSON.stringify([version, state, progress, interval]);
}
