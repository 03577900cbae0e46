// The pure chain: numbers without gaps, hashes over published bytes.
import { LedgerEvent, MAX_EVENT_BYTES, SCHEMA_VERSION } from "@upgrade-ledger/contract";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Chain, chainHash, type Draft, InvalidEventError, newEventId, newInstanceId } from "../src/index.ts";
import { device, eventRef, upgrade, version } from "./samples.ts";

const writer = { role: "agent", instanceId: newInstanceId(), version: "0.1.1" } as const;
const occurredAt = "2026-05-06T22:51:14.000Z";
const seal = () => ({ eventId: newEventId(), occurredAt });
const drafts = fc.constantFrom<Draft>(
  { type: "started", boot_reason: "install", previous_version: null },
  { type: "draining", upgrade_id: upgrade(), in_flight: 3 },
  { type: "stopping", upgrade_id: upgrade(), stop_event_id: newEventId() },
);
const json = (data: Uint8Array) => LedgerEvent.parse(JSON.parse(new TextDecoder().decode(data)));

describe("a chain", () => {
  it("numbers its events from 1 without gaps, each with the hash of the bytes before", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(drafts, fc.boolean()), { maxLength: 30 }), (steps) => {
        const chain = new Chain(writer, device("pi-1"));
        const stored: Uint8Array[] = [];
        for (const [draft, accepted] of steps) {
          const sealed = chain.next(draft, seal());
          if (!accepted) continue;
          stored.push(sealed.data);
          chain.commit(sealed);
        }
        expect(stored.map((data) => json(data).writer.sequence)).toEqual(stored.map((_, index) => index + 1));
        expect(stored.map((data) => json(data).writer.prev_hash)).toEqual([
          ...(stored.length > 0 ? [null] : []),
          ...stored.slice(0, -1).map(chainHash),
        ]);
        expect(chain.state).toEqual({
          sequence: stored.length,
          prevHash: stored.length === 0 ? null : chainHash(stored.at(-1) ?? new Uint8Array()),
        });
      }),
    );
  });

  it("fills in the envelope", () => {
    const eventId = newEventId();
    const cause = eventRef("seq:7");
    const sealed = new Chain(writer, device("pi-1")).next(
      {
        type: "started",
        boot_reason: "cutover",
        previous_version: version("v0.1.0+sha.9f"),
        caused_by: [cause],
      },
      { eventId, occurredAt },
    );
    expect(json(sealed.data)).toEqual({
      schema_version: SCHEMA_VERSION,
      event_id: eventId,
      type: "started",
      device_id: "pi-1",
      occurred_at: occurredAt,
      writer: {
        role: "agent",
        instance_id: writer.instanceId,
        version: "0.1.1",
        sequence: 1,
        prev_hash: null,
      },
      caused_by: ["seq:7"],
      boot_reason: "cutover",
      previous_version: "0.1.0+sha.9f",
    });
    expect(sealed).toMatchObject({
      eventId,
      subject: "device-state.pi-1.upgrade",
      sequence: 1,
      hash: chainHash(sealed.data),
    });
  });

  it("goes on from what an earlier instance wrote", () => {
    const prevHash = chainHash(new TextEncoder().encode("the device's last event"));
    const chain = new Chain(writer, device("pi-1"), { sequence: 0, prevHash });
    const { event } = chain.next({ type: "started", boot_reason: "reboot", previous_version: null }, seal());
    expect(event.writer).toMatchObject({ sequence: 1, prev_hash: prevHash });
  });

  it("opens an upgrade under a request's own id, but not under a cancellation's", () => {
    const chain = new Chain({ ...writer, role: "api" }, device("pi-1"));
    const request = { type: "desired-version", artifact: null, actor: "local:ada", reason: "" } as const;
    const { event, eventId } = chain.next({ ...request, desired_version: version("0.1.2") }, seal());
    expect(event.upgrade_id).toBe(eventId);
    expect(() => chain.next({ ...request, desired_version: null }, seal())).toThrow(/upgrade_id/);
    const upgradeId = upgrade();
    const cancelled = chain.next({ ...request, desired_version: null, upgrade_id: upgradeId }, seal());
    expect(cancelled.event.upgrade_id).toBe(upgradeId);
  });

  it("does not take a number twice", () => {
    const chain = new Chain(writer, device("pi-1"));
    const draft: Draft = { type: "started", boot_reason: "install", previous_version: null };
    const [one, other] = [chain.next(draft, seal()), chain.next(draft, seal())];
    chain.commit(one);
    expect(() => chain.commit(other)).toThrow(/has number 1, but the chain is at 1/);
    expect(() => chain.commit(one)).toThrow(/has number 1/);
  });

  it("refuses what the contract refuses, and what is too large, and uses up no number", () => {
    const chain = new Chain(writer, device("pi-1"));
    const invalid: Draft = { type: "draining", upgrade_id: upgrade(), in_flight: -1 };
    expect(() => chain.next(invalid, seal())).toThrow(/draining event: in_flight: /);
    const large = { type: "started", boot_reason: "install", previous_version: null } as const;
    const padded = { ...large, padding: "x".repeat(MAX_EVENT_BYTES) };
    expect(() => chain.next(padded, seal())).toThrow(InvalidEventError);
    expect(() => chain.next(padded, seal())).toThrow(/more than 65536/);
    expect(chain.state.sequence).toBe(0);
  });
});
