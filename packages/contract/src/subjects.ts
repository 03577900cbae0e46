// Names on the wire (spec §3.1): streams, buckets and subjects. Nothing else in the repository spells them out.
import { DeviceId, InstanceId } from "./ids.ts";

export const LEDGER_STREAM = "UPGRADE_LEDGER";
export const CHECKPOINT_STREAM = "LEDGER_CHECKPOINTS";
export const HEARTBEAT_STREAM = "DEVICE_HEARTBEATS";
export const ARTIFACT_STORE = "agent-artifacts";

export const BUCKETS = {
  deviceInfo: "device-info",
  desiredState: "desired-state",
  workloadState: "workload-state",
  devices: "upgrade-devices",
  histories: "upgrade-histories",
  catalogue: "upgrade-catalogue",
} as const;

/** Subjects as published, and `*` where `deviceId` is left out. */
export const subjects = {
  deviceState: (deviceId: string = "*") => `device-state.${deviceId}.upgrade`,
  /** What the operator appends; the broker republishes what it stored as {@link subjects.liveCommand} (spec §3.1). */
  command: (deviceId: string, command: CommandType | "*") => `operator-cmd.${deviceId}.${command}`,
  /** The ADR's subject, on which a device hears of a stored command: a doorbell, never the command of record. */
  deviceCommands: (deviceId: string) => `device-cmd.${deviceId}.>`,
  observedAgent: (deviceId: string) => `device-observed.${deviceId}.agent`,
  observedUpgrade: (deviceId: string) => `device-observed.${deviceId}.upgrade`,
  schedule: (deviceId: string) => `device-observed.${deviceId}.schedule`,
  identity: (deviceId: string) => `device-observed.${deviceId}.identity`,
  artifact: () => "fleet.artifact",
  /** Signed digests of the ledger, in a stream of their own. */
  checkpoint: () => "ledger-checkpoint",
  heartbeat: (deviceId: string = "*", instanceId: string = "*") =>
    `device-heartbeat.${deviceId}.${instanceId}`,
} as const;

export type CommandType = "desired-version" | "upgrade-stop";

/** Every ledger subject that is about one device: what a reader filters by to get the device's history. */
export function ledgerSubjectsOf(deviceId: string): string[] {
  return [`device-state.${deviceId}.upgrade`, `operator-cmd.${deviceId}.*`, `device-observed.${deviceId}.*`];
}

export type LedgerSubject =
  | { readonly family: "device-state"; readonly deviceId: DeviceId }
  | { readonly family: "operator-cmd"; readonly deviceId: DeviceId; readonly leaf: string }
  | { readonly family: "device-observed"; readonly deviceId: DeviceId; readonly leaf: string }
  | { readonly family: "fleet"; readonly deviceId: undefined; readonly leaf: string };

/** What a stored message's subject says; `undefined` for a subject that no device id or family fits. */
export function parseLedgerSubject(subject: string): LedgerSubject | undefined {
  const [family, second, leaf, ...more] = subject.split(".");
  if (family === "fleet" && second !== undefined) {
    return { family, deviceId: undefined, leaf: subject.slice("fleet.".length) };
  }
  if (leaf === undefined || leaf === "" || more.length > 0) return undefined;
  const device = DeviceId.safeParse(second);
  if (!device.success) return undefined;
  if (family === "device-state" && leaf === "upgrade") return { family, deviceId: device.data };
  if (family === "operator-cmd" || family === "device-observed")
    return { family, deviceId: device.data, leaf };
  return undefined;
}

/** The device and instance that a heartbeat's subject names; `undefined` if it is not a heartbeat's. */
export function parseHeartbeatSubject(
  subject: string,
): { deviceId: DeviceId; instanceId: InstanceId } | undefined {
  const tokens = subject.split(".");
  const [family, device, instance] = tokens;
  if (family !== "device-heartbeat" || tokens.length !== 3) return undefined;
  const deviceId = DeviceId.safeParse(device);
  const instanceId = InstanceId.safeParse(instance);
  return deviceId.success && instanceId.success
    ? { deviceId: deviceId.data, instanceId: instanceId.data }
    : undefined;
}

/** Headers that the ledger gives a meaning. */
export const HEADERS = {
  messageId: "Nats-Msg-Id",
  signature: "Ledger-Signature",
  /** On a live command: the sequence at which it is stored. */
  sequence: "Nats-Sequence",
  /** On a stored message it shows that the message was injected through an API reply: such a one is quarantined (spec §3.1). */
  stream: "Nats-Stream",
} as const;
