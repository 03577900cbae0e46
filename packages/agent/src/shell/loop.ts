// The event loop: one input after the other goes through the core, and its effects are carried out in order (spec §4).
import { type Effect, type Happening, type State, step } from "../core/index.ts";

export interface LoopOptions {
  readonly initial: State;
  /** Writes what must be on the disk before anything else happens. @throws when it cannot: it is tried again */
  readonly write: (effect: Extract<Effect, { do: "persist" | "publish" }>) => Promise<void>;
  /** Starts any other effect; it answers through {@link Loop.give}. Must not throw. */
  readonly start: (effect: Exclude<Effect, { do: "persist" | "publish" }>) => void;
  /** Called after each input. */
  readonly onState: (state: State) => void;
  /** Called with each input and what came of it, for tracing. */
  readonly onStep?: (happening: Happening, effects: readonly Effect[]) => void;
  readonly now: () => { readonly wallMs: number; readonly monoMs: number };
  readonly log: { warn(fields: object, message: string): void };
  /** Pause before a write that failed is tried again. Default 1,000. */
  readonly retryMs?: number;
}

/** Serial by construction: the next input waits until the effects of the last one are on the disk or under way. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #inputs: Happening[] = [];
  #state: State;
  #running = false;
  #stopped = false;

  constructor(options: LoopOptions) {
    this.#options = options;
    this.#state = options.initial;
  }

  get state(): State {
    return this.#state;
  }

  /** Hands an input to the procedure. Ticks that would queue up behind a slow disk are dropped. */
  give(happening: Happening): void {
    if (this.#stopped) return;
    if (happening.kind === "tick" && this.#inputs.some(({ kind }) => kind === "tick")) return;
    this.#inputs.push(happening);
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  /** Takes no further input; effects that have not been started yet never will be. */
  stop(): void {
    this.#stopped = true;
  }

  async #run(): Promise<void> {
    for (;;) {
      const next = this.#inputs.shift();
      if (next === undefined || this.#stopped) break;
      const { state, effects } = step(this.#state, { ...next, at: this.#options.now() });
      this.#state = state;
      this.#options.onStep?.(next, effects);
      for (const effect of effects) {
        if (this.#stopped) break;
        if (effect.do === "persist" || effect.do === "publish") await this.#write(effect);
        else this.#options.start(effect);
      }
      this.#options.onState(state);
    }
    this.#running = false;
  }

  async #write(effect: Extract<Effect, { do: "persist" | "publish" }>): Promise<void> {
    const { write, log, retryMs } = this.#options;
    while (!this.#stopped) {
      try {
        return await write(effect);
      } catch (error) {
        log.warn({ effect: effect.do, error: String(error) }, "cannot write to the disk; trying again");
        await new Promise((resolve) => {
          setTimeout(resolve, retryMs ?? 1_000);
        });
      }
    }
  }
}
