// An order-free digest of everything that a bucket holds (spec §5): it shows that a power cut lost what the checkpoint covers.
import { createHash } from "node:crypto";

/** What one stored document adds to the digest: SHA-256 of its key, its sequence and the SHA-256 of its text. */
export type Contribution = Buffer;

export function contributionOf(key: string, validAtSeq: number, data: Uint8Array): Contribution {
  const content = createHash("sha256").update(data).digest();
  return createHash("sha256").update(`${key}\n${validAtSeq}\n`).update(content).digest();
}

const BYTES = 32;

/** The exclusive or of all contributions, and how many there are. */
export class Digest {
  readonly #sum: Buffer;
  #count: number;

  constructor(hex: string = "", count: number = 0) {
    this.#sum = hex === "" ? Buffer.alloc(BYTES) : Buffer.from(hex, "hex");
    this.#count = count;
  }

  get count(): number {
    return this.#count;
  }

  get hex(): string {
    return this.#sum.toString("hex");
  }

  /** Takes the old contribution of a document out and the new one in; `null` for a document that is not there. */
  replace(before: Contribution | null, after: Contribution | null): void {
    if (before !== null) this.#toggle(before);
    if (after !== null) this.#toggle(after);
    this.#count += (after === null ? 0 : 1) - (before === null ? 0 : 1);
  }

  equals(other: { readonly digest: string; readonly states: number }): boolean {
    return this.hex === other.digest && this.#count === other.states;
  }

  #toggle(contribution: Contribution): void {
    for (let offset = 0; offset < BYTES; offset += 4) {
      const mixed = this.#sum.readUInt32LE(offset) ^ contribution.readUInt32LE(offset);
      this.#sum.writeUInt32LE(mixed >>> 0, offset);
    }
  }
}
