// What is different between two states of a device.
import type { DeviceState } from "./replay.ts";
import { pointerOf } from "./json-patch.ts";

/** One place at which two states differ. A member that one of them does not have is absent there. */
export interface Difference {
  /** JSON Pointer. */
  path: string;
  before?: unknown;
  after?: unknown;
}

/** They say which event a state is of, not what it is. */
const OF_THE_EVENT = ["valid_at_seq", "valid_at_time"];

/** The places at which the states differ, whichever events they are of. */
export function differencesOf(before: Partial<DeviceState>, after: Partial<DeviceState>): Difference[] {
  const found: Difference[] = [];
  compare([], membersOf(before), membersOf(after), found);
  return found.filter(({ path }) => !OF_THE_EVENT.some((name) => path === pointerOf([name])));
}

type Path = readonly (string | number)[];

function compare(path: Path, before: unknown, after: unknown, found: Difference[]): void {
  if (before === after) return;
  const [old, fresh] = [membersOf(before), membersOf(after)];
  if (old === undefined || fresh === undefined || Array.isArray(before) !== Array.isArray(after)) {
    found.push({
      path: pointerOf(path),
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    });
    return;
  }
  for (const name of new Set([...Object.keys(old), ...Object.keys(fresh)])) {
    compare([...path, name], old[name], fresh[name], found);
  }
}

/** What an object or an array holds by name; `undefined` of anything else. */
function membersOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === "object" && value !== null ? { ...value } : undefined;
}
