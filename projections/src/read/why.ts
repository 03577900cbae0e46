// The causal chain of one attempt in plain words (spec §6: "why was it stopped, why did it fail").
import type { RecordedEvent, UpgradeRecord } from "../history/document.ts";
import { sentenceOf } from "./sentence.ts";

export interface WhyStep {
  seq: number;
  /** Ledger time. */
  at: string;
  event_id: string;
  /** One sentence. */
  text: string;
  /** The events that this one relied on. */
  caused_by: string[];
  anomalies: string[];
}

/** What happened and on what each step rested, in ledger order. Earlier pages of a long record come first if they are given. */
export function whyOf(record: UpgradeRecord, earlier: readonly RecordedEvent[] = []): WhyStep[] {
  return [...earlier, ...record.events].map((recorded) => ({
    seq: recorded.seq,
    at: recorded.ledger_time,
    event_id: recorded.event_id,
    text: sentenceOf(recorded),
    caused_by: [...(recorded.event?.caused_by ?? [])],
    anomalies: [...recorded.anomalies],
  }));
}
