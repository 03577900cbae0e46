// Whose signatures the events carry (spec §3.2). The one on a chain's last event covers, through the chain, all before it.
import { verifySignature } from "@upgrade-ledger/ledger";
import type { Place } from "./chain-audit.ts";
import type { Findings } from "./finding.ts";
import type { ChainLink } from "./link.ts";

/** A stored event as far as its signature goes. */
export interface SignedEvent {
  readonly seq: number;
  readonly deviceId: string | undefined;
  readonly side: "agent" | "operator";
  readonly data: Uint8Array;
  readonly signature: string | undefined;
}

interface DeviceKey {
  readonly publicKey: string;
  revokedAt: number;
}

export interface SignatureCounts {
  /** Signatures that were checked: one for each unbroken piece of a chain. */
  readonly checked: number;
  /** Chains whose last event has no signature. */
  readonly unsigned_chains: number;
  /** Signatures of the operator's side that nobody could check, because no key of it is known. */
  readonly unchecked: number;
}

export class SignatureAudit {
  readonly #findings: Findings;
  readonly #operatorKeys: ReadonlySet<string>;
  readonly #deviceKeys = new Map<string, DeviceKey[]>();
  /** The last event of each chain. */
  readonly #tails = new Map<string, SignedEvent>();
  /** Events that no later signature covers, because the chain is broken behind them. */
  readonly #alone: SignedEvent[] = [];
  /** Devices, and roles of the operator's side, that have signed: from then on they must. */
  readonly #signing = new Set<string>();

  constructor(findings: Findings, operatorKeys: Iterable<string>) {
    this.#findings = findings;
    this.#operatorKeys = new Set(operatorKeys);
  }

  enrol(deviceId: string, publicKey: string): void {
    const keys = this.#deviceKeys.get(deviceId) ?? [];
    keys.push({ publicKey, revokedAt: Number.POSITIVE_INFINITY });
    this.#deviceKeys.set(deviceId, keys);
  }

  revoke(deviceId: string, publicKey: string, seq: number): void {
    for (const key of this.#deviceKeys.get(deviceId) ?? []) {
      if (key.publicKey === publicKey) key.revokedAt = Math.min(key.revokedAt, seq);
    }
  }

  take(event: SignedEvent, link: ChainLink, place: Place): void {
    this.#checkPresence(event, link.side === "agent" ? `device ${link.deviceId}` : `role ${link.role}`);
    if (place === "repeat") return;
    // The client's buffer is larger than the event and would be kept whole.
    const kept =
      event.signature === undefined
        ? { ...event, data: NOTHING }
        : { ...event, data: Buffer.from(event.data) };
    if (place === "elsewhere") {
      this.#alone.push(kept);
      return;
    }
    const key = `${link.side} ${link.deviceId ?? ""} ${link.instanceId}`;
    const tail = this.#tails.get(key);
    if (place === "broken" && tail !== undefined) this.#alone.push(tail);
    this.#tails.set(key, kept);
  }

  /** An event without a place in a chain: of a device that signs, it must be signed all the same. */
  takeUnchained(event: SignedEvent): void {
    if (event.side === "agent") this.#checkPresence(event, `device ${event.deviceId}`);
  }

  finish(): SignatureCounts {
    const counts = { checked: 0, unsigned_chains: 0, unchecked: 0 };
    for (const tail of this.#tails.values()) {
      if (tail.signature === undefined) counts.unsigned_chains += 1;
      else this.#check(tail, tail.signature, counts);
    }
    for (const event of this.#alone) {
      if (event.signature !== undefined) this.#check(event, event.signature, counts);
    }
    return counts;
  }

  #checkPresence({ seq, deviceId, signature }: SignedEvent, party: string): void {
    if (signature !== undefined) this.#signing.add(party);
    else if (this.#signing.has(party)) {
      this.#findings.add(
        "signature_missing",
        seq,
        deviceId,
        `${party} has signed before, and this event is unsigned`,
      );
    }
  }

  #check(event: SignedEvent, signature: string, counts: { checked: number; unchecked: number }): void {
    const { seq, deviceId, side, data } = event;
    const keys = side === "operator" ? [...this.#operatorKeys] : this.#keysAt(deviceId, seq);
    if (side === "operator" && keys.length === 0) {
      counts.unchecked += 1;
      return;
    }
    counts.checked += 1;
    if (keys.some((key) => isSignature(key, data, signature))) return;
    const whose = side === "operator" ? "the operator" : `device ${deviceId}`;
    const detail =
      keys.length === 0
        ? `${whose} has no enrolled key, yet the event is signed`
        : `not signed by a key of ${whose}`;
    this.#findings.add("signature_wrong", seq, deviceId, detail);
  }

  /** Newest first. A key counts also for events just before its enrolment: a device may connect before that is stored. */
  #keysAt(deviceId: string | undefined, seq: number): string[] {
    const keys = this.#deviceKeys.get(deviceId ?? "") ?? [];
    return keys
      .filter(({ revokedAt }) => seq < revokedAt)
      .map(({ publicKey }) => publicKey)
      .toReversed();
  }
}

const NOTHING = new Uint8Array();

/** A key that is none verifies nothing. */
function isSignature(publicKey: string, data: Uint8Array, signature: string): boolean {
  try {
    return verifySignature(publicKey, data, signature);
  } catch {
    return false;
  }
}
