import { z } from "zod";
import { DeviceStatus } from "./device.ts";
import { apiSchemas } from "./registry.ts";

const Counts = z.record(z.string(), z.int());

/** Devices counted; each device counts once in each group. */
export const FleetSummary = z
  .object({
    devices: z.int(),
    by_status: z.record(DeviceStatus, z.int()),
    by_version: Counts,
    by_phase: Counts,
    /** Why devices are failed (`reason_code`) or stalled (`stalled:<phase>`). */
    by_reason: Counts,
    quarantined_events: z.int(),
    unknown_events: z.int(),
    valid_at_seq: z.int(),
  })
  .register(apiSchemas, { id: "FleetSummary" });
export type FleetSummary = z.infer<typeof FleetSummary>;
