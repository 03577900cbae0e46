import { z } from "zod";

const Checkpoint = z.looseObject({ seq: z.int().nonnegative() });

/** How far each projection has come, and waiting for it to come further. */
export class Progress {
  readonly #seqs = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  constructor(projections: readonly string[]) {
    for (const name of projections) this.#seqs.set(name, 0);
  }

  /** The ledger sequence that all projections have reached. */
  get seq(): number {
    return Math.min(...this.#seqs.values());
  }

  /** The ledger sequence that each projection has reached, by its name. */
  each(): (readonly [projection: string, seq: number])[] {
    return [...this.#seqs];
  }

  /** Reads a projection's `_checkpoint`. */
  checkpoint(projection: string, data: Uint8Array): void {
    const checkpoint = Checkpoint.safeParse(JSON.parse(new TextDecoder().decode(data)));
    if (!checkpoint.success) return;
    this.#seqs.set(projection, checkpoint.data.seq);
    for (const look of this.#waiting) look();
  }

  /** Whether all projections reach `seq` within the time. */
  async reached(seq: number, withinMs: number): Promise<boolean> {
    if (this.seq >= seq) return true;
    if (withinMs <= 0) return false;
    return new Promise((resolve) => {
      const end = (reached: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(reached);
      };
      const look = (): void => {
        if (this.seq >= seq) end(true);
      };
      const timer = setTimeout(() => end(this.seq >= seq), withinMs);
      this.#waiting.add(look);
    });
  }
}
