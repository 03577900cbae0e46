import type { DeviceRow } from "../present/device-filter.ts";

/** A device as it was found: never changed, but replaced, so that a list that holds it stays as it was. */
export interface FleetRow extends DeviceRow {
  readonly reason: string | undefined;
  /** Whether it has not been replaced yet. */
  current: boolean;
}
