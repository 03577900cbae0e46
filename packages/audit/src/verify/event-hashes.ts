// The hashes of one chain's events by number, 104 bits of each: enough to know an event again, and a sixth of the memory.

const BITS = 13;

export class EventHashes {
  /** Two numbers of 52 bits for each event; NaN for one that is missing. */
  readonly #halves: number[] = [];

  /** The highest number there is. */
  get last(): number {
    return this.#halves.length / 2;
  }

  has(number: number): boolean {
    return number >= 1 && number <= this.last && !Number.isNaN(this.#halves[2 * (number - 1)]);
  }

  set(number: number, hash: string): void {
    while (this.last < number - 1) this.#halves.push(Number.NaN, Number.NaN);
    const [first, second] = halvesOf(hash);
    if (number > this.last) this.#halves.push(first, second);
    else [this.#halves[2 * (number - 1)], this.#halves[2 * number - 1]] = [first, second];
  }

  is(number: number, hash: string): boolean {
    const [first, second] = halvesOf(hash);
    return this.#halves[2 * (number - 1)] === first && this.#halves[2 * number - 1] === second;
  }

  /** Whether any event has this hash; looks at the last ones first. */
  includes(hash: string): boolean {
    for (let number = this.last; number > 0; number -= 1) if (this.is(number, hash)) return true;
    return false;
  }
}

/** Of `sha256:<64 hex digits>`. */
function halvesOf(hash: string): [number, number] {
  const from = "sha256:".length;
  return [
    Number.parseInt(hash.slice(from, from + BITS), 16),
    Number.parseInt(hash.slice(from + BITS, from + 2 * BITS), 16),
  ];
}
