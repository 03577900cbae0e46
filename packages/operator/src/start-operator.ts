// Starts the parts of an operator that a process is to play, and stops them again.
import type { NatsConnection } from "@nats-io/transport-node";
import {
  createWriter,
  type Ledger,
  ledgerOf,
  newInstanceId,
  type WriterIdentity,
} from "@upgrade-ledger/ledger";
import { deviceProjection } from "@upgrade-ledger/projections";
import type { Logger } from "pino";
import { type Clock, systemClock } from "./clock.ts";
import { Coordinator } from "./coordinator/coordinator.ts";
import type { WithheldStop } from "./coordinator/withheld-stop.ts";
import { DeviceStates } from "./devices/device-states.ts";
import { startingPoint } from "./devices/starting-point.ts";
import {
  type HeartbeatCounts,
  listenForHeartbeats,
  type LiveHeartbeats,
} from "./heartbeats/live-heartbeats.ts";
import { type Link, watchLink } from "./link.ts";
import { Observer } from "./observer/observer.ts";
import { type Projector, startProjector } from "./projector/projector.ts";
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
  /** The `Ledger-Signature` of what it writes, by the operator's key; default: unsigned. */
  readonly sign?: (data: Uint8Array) => string;
  readonly clock?: Clock;
}

export interface OperatorHealth {
  /** The connection to the broker is up. */
  readonly connected: boolean;
  /** `null` without the role `projector`. `lag`: entries of the ledger that are not in the stored projections yet. */
  readonly projector: {
    readonly lag: number;
    readonly appliedSeq: number;
    readonly role: Projector["role"];
  } | null;
  /** Last ledger sequence that observer and coordinator have taken in; `null` without both roles. */
  readonly foldedSeq: number | null;
  /** Why a part has ended for good, if one has: the process should be started again. */
  readonly failure: string | null;
}

export interface Operator {
  health(): OperatorHealth;
  /** Why devices with an open upgrade get no stop at present; empty without the role `coordinator`. */
  withheldReasons(): readonly WithheldStop[];
  /** The same for one device; `undefined` if it has no open upgrade, or its stop has been issued just now. */
  withheldReason(deviceId: string): WithheldStop | undefined;
  counts(): { readonly heartbeats: HeartbeatCounts; readonly stopsIssued: number };
  /** The projector, for those who wait for it; `null` without that role. */
  readonly projector: Projector | null;
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
  const link = watchLink(nc, clock, log);
  const projector = roles.has("projector")
    ? startProjector({ nc, log: log.child({ part: "projector" }) })
    : null;
  try {
    await projector?.caughtUp;
    const watching = await startWatching({ options, settings, clock, link, roles, ledger: ledgerOf(nc) });
    return {
      projector,
      health: () => ({
        connected: link.isUp(),
        projector: projector && {
          lag: projector.lag,
          appliedSeq: projector.appliedSeq,
          role: projector.role,
        },
        foldedSeq: watching?.states.seq ?? null,
        failure: projector?.failure?.message ?? watching?.failure() ?? null,
      }),
      withheldReasons: () => watching?.coordinator?.withheldReasons() ?? [],
      withheldReason: (deviceId) => watching?.coordinator?.withheldReason(deviceId),
      counts: () => ({
        heartbeats: watching?.heartbeats.counts() ?? { received: 0, rejected: 0 },
        stopsIssued: watching?.coordinator?.stopsIssued ?? 0,
      }),
      stop: async () => {
        await Promise.all([watching?.stop(), projector?.stop()]);
      },
    };
  } catch (error) {
    await projector?.stop();
    throw error;
  }
}

interface WatchingOptions {
  readonly options: OperatorOptions;
  readonly settings: OperatorSettings;
  readonly clock: Clock;
  readonly link: Link;
  readonly roles: ReadonlySet<OperatorRole>;
  readonly ledger: Ledger;
}

/** Observer and coordinator, which share the device states, the heartbeats and the writer of what was seen. */
interface Watching {
  readonly states: DeviceStates;
  readonly heartbeats: LiveHeartbeats;
  readonly coordinator: Coordinator | null;
  failure(): string | null;
  stop(): Promise<void>;
}

async function startWatching({
  options,
  settings,
  clock,
  link,
  roles,
  ledger,
}: WatchingOptions): Promise<Watching | null> {
  if (!roles.has("observer") && !roles.has("coordinator")) return null;
  const { nc, log } = options;
  const version = options.version ?? VERSION;
  const signing = options.sign === undefined ? {} : { sign: options.sign };
  const writerOf = (role: WriterIdentity["role"]) =>
    createWriter({ ledger, role, version, instanceId: newInstanceId(), ...signing });
  const statesLog = log.child({ part: "device-states" });
  const start = await startingPoint(nc, deviceProjection, await ledger.head(), statesLog);
  const states = new DeviceStates({ ledger, projection: deviceProjection, start, log: statesLog });
  let failure: string | null = null;
  await states.catchUp((error) => {
    failure = error instanceof Error ? error.message : String(error);
    log.fatal({ err: error }, "the ledger can't be followed any more");
  });
  const heartbeats = listenForHeartbeats(nc, clock, log.child({ part: "heartbeats" }));
  // Once the broker has the subscription, every heartbeat that is sent from now on is heard.
  await nc.flush();
  const common = { states, heartbeats, settings, clock, link };
  const observing = writerOf("observer");
  const observer = roles.has("observer")
    ? new Observer({ ...common, writer: observing, log: log.child({ part: "observer" }) })
    : null;
  const effects = { observer: observing, coordinator: writerOf("coordinator") };
  const coordinator = roles.has("coordinator")
    ? new Coordinator({ ...common, effects, log: log.child({ part: "coordinator" }) })
    : null;
  observer?.start();
  coordinator?.start();
  return {
    states,
    heartbeats,
    coordinator,
    failure: () => failure,
    stop: async () => {
      heartbeats.stop();
      // Together: what is under way may be waiting for the states.
      await Promise.all([observer?.stop(), coordinator?.stop(), states.stop()]);
    },
  };
}
