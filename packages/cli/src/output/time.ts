const STEPS = [
  { ms: 86_400_000, unit: "d" },
  { ms: 3_600_000, unit: "h" },
  { ms: 60_000, unit: "min" },
  { ms: 1_000, unit: "s" },
] as const;

/** How long ago, for people: `3 min`. */
export function ago(time: string | null, now = Date.now()): string {
  if (time === null) return "-";
  const ms = Math.max(0, now - Date.parse(time));
  const step = STEPS.find(({ ms: size }) => ms >= size) ?? STEPS[3];
  return `${Math.floor(ms / step.ms)} ${step.unit}`;
}

/** How long something took, for people: `250 ms`, `3 min`; of a clock that went back: `-3 min`. */
export function duration(ms: number): string {
  if (ms < 0) return `-${duration(-ms)}`;
  const step = STEPS.find(({ ms: size }) => ms >= size);
  return step === undefined ? `${ms} ms` : `${Math.floor(ms / step.ms)} ${step.unit}`;
}

/** A time for people: UTC to the second. */
export function utc(time: string | null): string {
  return time === null ? "-" : time.replace("T", " ").replace(/(\.\d+)?Z$/, "Z");
}
