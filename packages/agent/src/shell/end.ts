// The one exit code of a process, decided once.
import { once } from "node:events";
import { EventEmitter } from "node:events";

export class End {
  readonly #emitter = new EventEmitter<{ end: [number] }>();
  /** Settles when the process is to end. */
  readonly code: Promise<number> = once(this.#emitter, "end").then(([code]: unknown[]) => Number(code));

  set(code: number): void {
    this.#emitter.emit("end", code);
  }
}
