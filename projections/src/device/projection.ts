// The projection of each device's current state (spec §6).
import { BUCKETS } from "@upgrade-ledger/contract";
import type { Projection } from "../projection.ts";
import { applyToDevice } from "./apply.ts";
import type { DeviceDocument } from "./document.ts";
import { initialDevice } from "./initial.ts";

export const DEVICE_PROJECTION_VERSION = 2;

export const deviceProjection: Projection<DeviceDocument> = {
  name: "device",
  version: DEVICE_PROJECTION_VERSION,
  bucket: BUCKETS.devices,
  keyFilter: ">",
  checkpointKey: "_checkpoint",
  keyOf: ({ decoded }) => (decoded.kind === "quarantined" ? undefined : decoded.deviceId),
  initial: initialDevice,
  evolve: (device, entry) => {
    applyToDevice(device, entry);
  },
  validAtSeq: (device) => device.valid_at_seq,
  takeDocuments: (device) => [{ key: device.device_id, validAtSeq: device.valid_at_seq, value: device }],
  restore: (json): DeviceDocument => JSON.parse(json),
};
