// What someone who owns the broker, but none of the keys, can make of a ledger: another one, consistent in itself.
import { headers } from "@nats-io/transport-node";
import { HEADERS } from "@upgrade-ledger/contract";
import { chainHash, type RawEntry, type Signer, signerOf } from "@upgrade-ledger/ledger";
import { newDeviceKey } from "@upgrade-ledger/nats";

export class Rebuilt {
  readonly entries: readonly RawEntry[];
  readonly #operator = signerOf(newDeviceKey().seed);
  readonly #devices = new Map<string, Signer>();
  /** From the hash of an original event to that of its forgery. */
  readonly #hashes = new Map<string, string>();

  constructor(original: readonly RawEntry[]) {
    this.entries = original.map((entry) => this.#forge(entry));
  }

  get operatorKey(): string {
    return this.#operator.publicKey;
  }

  #forge(entry: RawEntry): RawEntry {
    const deviceId = entry.subject.split(".")[1] ?? "";
    const device = this.#devices.get(deviceId) ?? signerOf(newDeviceKey().seed);
    this.#devices.set(deviceId, device);
    const event = JSON.parse(new TextDecoder().decode(entry.data));
    if (event.type === "enrolled") event.public_key = device.publicKey;
    if (event.type === "draining") event.in_flight += 1;
    event.writer.prev_hash = this.#hashes.get(event.writer.prev_hash) ?? null;
    const data = Buffer.from(JSON.stringify(event));
    this.#hashes.set(chainHash(entry.data), chainHash(data));
    const signed = headers();
    const signer = entry.subject.startsWith("device-state.") ? device : this.#operator;
    signed.set(HEADERS.signature, signer.sign(data));
    return { ...entry, data, headers: signed };
  }
}
