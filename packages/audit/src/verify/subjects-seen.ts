// Subjects come again and again: each is taken apart once.
import { type LedgerSubject, parseLedgerSubject } from "@upgrade-ledger/contract";

const MAX_KEPT = 500_000;

export class SubjectsSeen {
  readonly #parsed = new Map<string, LedgerSubject | null>();

  /** `undefined` for what is no subject of the ledger. */
  parse(subject: string): LedgerSubject | undefined {
    let parsed = this.#parsed.get(subject);
    if (parsed === undefined) {
      parsed = parseLedgerSubject(subject) ?? null;
      if (this.#parsed.size >= MAX_KEPT) this.#parsed.clear();
      this.#parsed.set(subject, parsed);
    }
    return parsed ?? undefined;
  }
}
