// Starts the parts of an operator that a process is to play, and stops them again.
import type { NatsConnection } from "@nats-io/transport-node";
import {
  createWriter,
  ledgerOf,
  type LedgerWriter,
  newInstanceId,
  type WriterIdentity,
} from "@upgrade-ledger/ledger";
import { deviceProjection } from "@upgrade-ledger/projections";
import type { Logger } from "pino";
import { type Clock, systemClock } from "./clock.ts";
import { Coordinator } from "./coordinator/coordinator.ts";
import type { WithheldStop } from "./coordinator/withheld-stop.ts";
import { DeviceStates } from "./devices/device-states.ts";
import { type HeartbeatCounts, listenForHeartbeats } from "./heartbeats/live-heartbeats.ts";
import { watchLink } from "./link.ts";
import { Observer } from "./observer/observer.ts";
import { completeSettings, type OperatorSettings } from "./settings.ts";

export const OPERATOR_ROLES = ["projector", "observer", "coordinator"] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

export interface OperatorOptions {
  /** A connection with the operator's rights. It stays the caller's to close. */
  readonly nc: NatsConnection;
  readonly log: Logger;
  /** Defaults: spec §4. */
  readonly settings?: Partial<OperatorSettings>;
  /** Default: all. */
  readonly roles?: readonly OperatorRole[];
  /** SemVer of the running program, for the envelope of what it writes. */
  readonly version?: string;
  readonly clock?: Clock;
}

export interface OperatorHealth {
  /** The connection to the broker is up. */
  readonly connected: boolean;
  /** Last ledger sequence that observer and coordinator have folded; `null` without these roles. */
  readonly foldedSeq: number | null;
  /** Why a part has ended for good, if one has. */
  readonly failure: string | null;
}

export interface Operator {
  health(): OperatorHealth;
  /** Why devices with an open upgrade get no stop at present; empty without the role `coordinator`. */
  withheldReasons(): readonly WithheldStop[];
  counts(): { readonly heartbeats: HeartbeatCounts; readonly stopsIssued: number };
  /** Finishes what is under way and lets go of everything but the connection. */
  stop(): Promise<void>;
}

const VERSION = "0.1.0";

/**
 * Starts an operator. Resolves when it has caught up with the ledger and acts.
 *
 * @throws RangeError for impossible settings; LedgerForbiddenError, LedgerUnavailableError when the ledger can't be followed
 */
export async function startOperator(options: OperatorOptions): Promise<Operator> {
  const { nc, log } = options;
  const settings = completeSettings(options.settings ?? {});
  const clock = options.clock ?? systemClock;
  const roles = new Set<OperatorRole>(options.roles ?? OPERATOR_ROLES);
  const ledger = ledgerOf(nc);
  const writerOf = (role: WriterIdentity["role"]): LedgerWriter =>
    createWriter({ ledger, role, version: options.version ?? VERSION, instanceId: newInstanceId() });

  const link = watchLink(nc, clock, log);
  let failure: string | null = null;
  const states = new DeviceStates({
    ledger,
    projection: deviceProjection,
    start: { states: new Map(), seq: 0 },
    log: log.child({ part: "device-states" }),
  });
  await states.catchUp((error) => {
    failure = error instanceof Error ? error.message : String(error);
    log.fatal({ err: error }, "the ledger can't be followed any more");
  });
  const heartbeats = listenForHeartbeats(nc, clock, log.child({ part: "heartbeats" }));
  const observerWriter = writerOf("observer");
  const common = { states, heartbeats, settings, clock, link };
  const observer = new Observer({ ...common, writer: observerWriter, log: log.child({ part: "observer" }) });
  const coordinator = new Coordinator({
    ...common,
    effects: { observer: observerWriter, coordinator: writerOf("coordinator") },
    log: log.child({ part: "coordinator" }),
  });
  // Once the broker has the subscription, every heartbeat that is sent from now on is heard.
  await nc.flush();
  if (roles.has("observer")) observer.start();
  if (roles.has("coordinator")) coordinator.start();
  return {
    health: () => ({ connected: link.isUp(), foldedSeq: states.seq, failure }),
    withheldReasons: () => coordinator.withheldReasons(),
    counts: () => ({ heartbeats: heartbeats.counts(), stopsIssued: coordinator.stopsIssued }),
    stop: async () => {
      heartbeats.stop();
      // Together: what is under way may be waiting for the states.
      await Promise.all([observer.stop(), coordinator.stop(), states.stop()]);
    },
  };
}
