// Every chain, one for each instance and device (spec §3.2): numbers without gaps, hashes, forks, predecessors.
import { EventHashes } from "./event-hashes.ts";
import type { Findings } from "./finding.ts";
import { type ChainLink, isHashOrNull, type Payload, recordIn } from "./link.ts";

/** A subject takes 100,000 events: a writer that claims a number so far ahead makes it up. */
const MAX_GAP = 1_000_000;

/** A hash that must be that of an event of the device's agents, wherever it stands. */
interface Citation {
  readonly seq: number;
  readonly deviceId: string;
  readonly hash: string;
}

/** What the new agent says of the old one's last event. */
interface Handover {
  readonly seq: number;
  readonly deviceId: string;
  readonly instanceId: string;
  readonly lastSequence: number;
  readonly lastHash: string | null;
}

export interface ChainCounts {
  readonly chains: number;
  /** Events that stand in the ledger twice, byte for byte: a retry after the broker forgot the first. */
  readonly repeats: number;
}

/** How an event stands to those before it: `next` ones continue the chain, `broken` ones begin anew behind a fault. */
export type Place = "next" | "broken" | "repeat" | "elsewhere";

export class ChainAudit {
  readonly #findings: Findings;
  readonly #chains = new Map<string, EventHashes>();
  readonly #agents = new Map<string, Map<string, EventHashes>>();
  readonly #citations: Citation[] = [];
  readonly #handovers: Handover[] = [];
  #repeats = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  take(seq: number, link: ChainLink, hash: string): Place {
    const hashes = this.#chainOf(link);
    const { sequence } = link;
    if (sequence > hashes.last + MAX_GAP) {
      this.#add(
        "chain_gap",
        seq,
        link,
        `number ${sequence} comes after number ${hashes.last}: no chain is so long`,
      );
      return "elsewhere";
    }
    if (hashes.has(sequence)) {
      if (hashes.is(sequence, hash)) {
        this.#repeats += 1;
        return "repeat";
      }
      this.#add("chain_fork", seq, link, `another event with number ${sequence} stands before it`);
      return "elsewhere";
    }
    const atEnd = this.#isAtEnd(seq, link, hashes);
    const continues = this.#continues(seq, link, hashes);
    hashes.set(sequence, hash);
    this.#noteHandover(seq, link);
    if (!atEnd) return "elsewhere";
    return continues ? "next" : "broken";
  }

  finish(): ChainCounts {
    for (const { seq, deviceId, hash } of this.#citations) {
      if (this.#isOfDevice(deviceId, hash)) continue;
      const detail = `the first event of its instance follows an event of this device that is not there: ${hash}`;
      this.#findings.add("predecessor_unknown", seq, deviceId, detail);
    }
    for (const handover of this.#handovers) this.#checkHandover(handover);
    return { chains: this.#chains.size, repeats: this.#repeats };
  }

  #isAtEnd(seq: number, link: ChainLink, hashes: EventHashes): boolean {
    const { sequence } = link;
    const { last } = hashes;
    if (sequence <= last) {
      this.#add("chain_order", seq, link, `number ${sequence} comes after number ${last}`);
      return false;
    }
    if (sequence > last + 1) {
      const missing = sequence === last + 2 ? `${last + 1} is` : `${last + 1} to ${sequence - 1} are`;
      this.#add("chain_gap", seq, link, `number ${missing} missing before number ${sequence}`);
    }
    return true;
  }

  /** Whether it cites the event before it, where there must be one. */
  #continues(seq: number, link: ChainLink, hashes: EventHashes): boolean {
    const { sequence, prevHash } = link;
    if (sequence === 1) {
      if (prevHash !== null) this.#checkFirst(seq, link, prevHash);
      return true;
    }
    if (!hashes.has(sequence - 1)) return false;
    if (prevHash !== null && hashes.is(sequence - 1, prevHash)) return true;
    this.#add("chain_link", seq, link, `its prev_hash is not that of number ${sequence - 1}`);
    return false;
  }

  #checkFirst(seq: number, link: ChainLink, prevHash: string): void {
    const { side, deviceId } = link;
    if (side === "operator" || deviceId === undefined) {
      this.#add("chain_link", seq, link, "number 1 of an instance of the operator has a predecessor");
    } else if (!this.#isOfDevice(deviceId, prevHash)) {
      // It may be stored later: the old agent's outbox and the new one's are delivered side by side.
      this.#citations.push({ seq, deviceId, hash: prevHash });
    }
  }

  #noteHandover(seq: number, { side, deviceId, payload }: ChainLink): void {
    if (side !== "agent" || deviceId === undefined || payload["type"] !== "done") return;
    const handover = handoverIn(payload);
    if (handover !== undefined) this.#handovers.push({ seq, deviceId, ...handover });
  }

  #checkHandover({ seq, deviceId, instanceId, lastSequence, lastHash }: Handover): void {
    const hashes = this.#agents.get(deviceId)?.get(instanceId);
    if (lastSequence === 0 || lastHash === null) return;
    if (hashes?.has(lastSequence) === true && hashes.is(lastSequence, lastHash)) return;
    const what = `event ${lastSequence} of the old instance ${instanceId}`;
    const detail =
      hashes?.has(lastSequence) === true ? `${what} is not the one that it names` : `${what} is not there`;
    this.#findings.add("handover_mismatch", seq, deviceId, detail);
  }

  #chainOf({ side, deviceId, instanceId }: ChainLink): EventHashes {
    const key = `${side} ${deviceId ?? ""} ${instanceId}`;
    const known = this.#chains.get(key);
    if (known !== undefined) return known;
    const made = new EventHashes();
    this.#chains.set(key, made);
    if (side === "agent" && deviceId !== undefined) {
      const ofDevice = this.#agents.get(deviceId) ?? new Map<string, EventHashes>();
      ofDevice.set(instanceId, made);
      this.#agents.set(deviceId, ofDevice);
    }
    return made;
  }

  #isOfDevice(deviceId: string, hash: string): boolean {
    const all = [...(this.#agents.get(deviceId)?.values() ?? [])];
    return all.some((hashes) => hashes.includes(hash));
  }

  #add(
    code: "chain_gap" | "chain_fork" | "chain_order" | "chain_link",
    seq: number,
    link: ChainLink,
    what: string,
  ): void {
    this.#findings.add(code, seq, link.deviceId, `${link.role} ${link.instanceId}: ${what}`);
  }
}

function handoverIn(
  payload: Payload,
): Pick<Handover, "instanceId" | "lastSequence" | "lastHash"> | undefined {
  const old = recordIn(payload, "old_instance");
  if (old === undefined) return undefined;
  const { instance_id: instanceId, last_sequence: lastSequence, last_hash: lastHash } = old;
  if (typeof instanceId !== "string" || typeof lastSequence !== "number" || !isHashOrNull(lastHash))
    return undefined;
  return { instanceId, lastSequence, lastHash };
}
