import type { DeviceId } from "@upgrade-ledger/contract";
import type { Ledger, LedgerWriter } from "@upgrade-ledger/ledger";
import type { TimingSettings } from "@upgrade-ledger/projections";
import type { LedgerTimes } from "./as-of/ledger-times.ts";
import type { ArtifactContents } from "./artifact/artifact-contents.ts";
import type { DeviceTexts } from "./fleet/device-texts.ts";
import type { ProcessCounts } from "./metrics/process-counts.ts";
import type { PageTokens } from "./paging/page-token.ts";
import type { HealthCheck } from "./schema/health.ts";
import type { ApiSettings } from "./settings.ts";
import type { EventStream } from "./stream/event-stream.ts";
import type { LedgerHeadWatch } from "./view/head-watch.ts";
import type { ReadModel } from "./view/read-model.ts";

/** Why the coordinator of this process withholds the stop of a device's upgrade, in words for `waiting_for`. */
export type WithheldReasons = (deviceId: string) => { readonly waitingFor: string } | undefined;

/** Lets a device connect: known only to the service that runs the NATS server. */
export type AddDevice = (device: {
  readonly deviceId: DeviceId;
  readonly publicKey: string;
}) => Promise<void>;

/** What the routes work with. */
export interface ApiContext {
  readonly model: ReadModel;
  readonly head: LedgerHeadWatch;
  readonly ledger: Ledger;
  readonly times: LedgerTimes;
  readonly writer: LedgerWriter;
  readonly contents: ArtifactContents;
  readonly tokens: PageTokens;
  readonly settings: ApiSettings;
  readonly timings: TimingSettings;
  readonly deviceTexts: DeviceTexts;
  /** Clients that follow the ledger at present. */
  readonly streams: Set<EventStream>;
  /** Who asks, as the ledger records it. */
  readonly actor: string;
  /** Of this program. */
  readonly version: string;
  readonly now: () => number;
  readonly withheldReasons: WithheldReasons;
  readonly addDevice: AddDevice | undefined;
  /** Checks of the rest of the process, for `/readyz`. */
  readonly checks: () => readonly HealthCheck[];
  /** Counts of the rest of the process, for `/metrics`; `undefined` where no operator runs in it. */
  readonly processCounts: () => ProcessCounts | undefined;
}
