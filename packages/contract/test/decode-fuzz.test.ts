// Decoding has an answer for everything (spec G11).
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, readHeartbeat } from "../src/index.ts";
import { bytes, sample, stored, SUBJECTS, TYPES, type WireEvent } from "./samples.ts";

const subject = fc.oneof(
  fc.constantFrom(...new Set(Object.values(SUBJECTS)), "device-heartbeat.pi-0042.i1", "fleet.", "", "..."),
  fc.string(),
);
const garbage = fc.uint8Array({ maxLength: 300 });
const json = fc.jsonValue({ maxDepth: 5 }).map(bytes);
/** A real event with one field made into anything. */
const mutated = fc
  .tuple(fc.constantFrom(...TYPES), fc.nat(), fc.jsonValue({ maxDepth: 3 }))
  .map(([type, index, value]) => {
    const event: WireEvent = sample(type);
    const fields = Object.keys(event);
    return bytes({ ...event, [fields[index % fields.length] ?? "type"]: value });
  });
/** A real event with bytes changed. */
const torn = fc
  .tuple(fc.constantFrom(...TYPES), fc.nat(), fc.nat({ max: 255 }))
  .map(([type, at, byte]) => bytes(sample(type)).with(at % 200, byte));
const payload = fc.oneof(garbage, json, mutated, torn);

describe("any bytes on any subject", () => {
  it("are an event, an unknown, or quarantined with a reason", () => {
    fc.assert(
      fc.property(subject, payload, fc.boolean(), (where, data, injected) => {
        const decoded = decode(stored(where, data, { injected }));
        expect(injected ? [decoded.kind] : ["event", "unknown", "quarantined"]).toContain(
          injected ? "quarantined" : decoded.kind,
        );
        expect(decoded.kind === "quarantined" ? decoded.detail : "read").not.toBe("");
        expect(JSON.stringify(decoded).length).toBeLessThan(100_000);
      }),
      { numRuns: 2_000 },
    );
  });

  it("are a heartbeat, or none with a reason", () => {
    const where = fc.oneof(fc.constant("device-heartbeat.pi-0042.i1"), subject);
    fc.assert(
      fc.property(where, payload, fc.boolean(), (at, data, injected) => {
        const reading = readHeartbeat({ subject: at, data, injected });
        const intervalMs = reading.ok ? reading.heartbeat.interval_ms : 500;
        expect(reading.ok ? "read" : reading.detail).not.toBe("");
        expect(intervalMs).toBeGreaterThanOrEqual(500);
        expect(intervalMs).toBeLessThanOrEqual(30_000);
      }),
      { numRuns: 2_000 },
    );
  });
});
