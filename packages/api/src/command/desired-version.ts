import { isDeepStrictEqual } from "node:util";
import {
  type Artifact,
  type EventId,
  subjectFor,
  UpgradeId,
  upgradeIdOf,
  type DeviceId,
  type Version,
} from "@upgrade-ledger/contract";
import { newEventId, type Draft, type Expectation } from "@upgrade-ledger/ledger";
import type { ApiContext } from "../context.ts";
import { storedSeq } from "../problem/outcome.ts";
import { ApiProblem } from "../problem/problem.ts";
import { findDevice } from "../routes/find-device.ts";
import { chooseArtifact } from "./choose-artifact.ts";

export interface DesiredVersionRequest {
  readonly deviceId: DeviceId;
  /** `null` cancels. */
  readonly version: Version | null;
  readonly reason: string;
  readonly artifact: Artifact | undefined;
  readonly idempotencyKey: EventId | undefined;
}

export interface AcceptedCommand {
  readonly upgradeId: UpgradeId;
  readonly eventId: EventId;
  readonly seq: number;
  readonly artifact: Artifact | null;
}

interface Command {
  readonly draft: Extract<Draft, { type: "desired-version" }>;
  readonly expect: Expectation | undefined;
}

/** How long a cancellation waits for the projections to know of the command that it cancels, milliseconds. */
const CATCH_UP_MS = 5_000;

/** Appends what a person wants of a device. A repeat with the same key answers the same, and stores nothing. */
export async function setDesiredVersion(
  context: ApiContext,
  request: DesiredVersionRequest,
): Promise<AcceptedCommand> {
  findDevice(context, request.deviceId);
  const eventId = request.idempotencyKey ?? newEventId();
  if (request.idempotencyKey !== undefined) {
    const earlier = await findEarlier(context, request, eventId);
    if (earlier !== undefined) return earlier;
  }
  const { draft, expect } =
    request.version === null
      ? await cancellation(context, request)
      : await demand(context, request, request.version);
  const outcome = await context.writer.append(request.deviceId, draft, { eventId, expect });
  const seq = storedSeq(outcome);
  if (seq === undefined) {
    // A repeat that came while the first one was under way.
    const taken = "seq" in outcome ? await repeated(context, request, eventId, outcome.seq) : undefined;
    if (taken !== undefined) return taken;
    throw reused(eventId);
  }
  context.head.saw(seq);
  return { upgradeId: draft.upgrade_id ?? upgradeIdOf(eventId), eventId, seq, artifact: draft.artifact };
}

async function demand(
  context: ApiContext,
  request: DesiredVersionRequest,
  version: Version,
): Promise<Command> {
  const device = findDevice(context, request.deviceId);
  const artifact = await chooseArtifact(context, device, version, request.artifact);
  const { actor } = context;
  return {
    draft: { type: "desired-version", desired_version: version, artifact, actor, reason: request.reason },
    expect: undefined,
  };
}

/** Cancels exactly the upgrade that is open now: if another command comes first, nothing is stored. */
async function cancellation(context: ApiContext, request: DesiredVersionRequest): Promise<Command> {
  const subject = subjectFor("desired-version", request.deviceId);
  const last = await context.ledger.lastOn(subject);
  if (last !== undefined && !(await context.model.reached(last.seq, CATCH_UP_MS))) {
    throw new ApiProblem(
      "not_yet_applied",
      `The projections have not reached ${last.seq}, the last command.`,
    );
  }
  const { upgrade, queued } = findDevice(context, request.deviceId);
  const open = queued ?? upgrade;
  if (open === null) throw new ApiProblem("nothing_to_cancel", `${request.deviceId} has no open upgrade.`);
  return {
    draft: {
      type: "desired-version",
      desired_version: null,
      upgrade_id: UpgradeId.parse(open.upgrade_id),
      artifact: null,
      actor: context.actor,
      reason: request.reason,
    },
    expect: { subject, lastSequence: last?.seq ?? 0 },
  };
}

/** The upgrade that an earlier request with this key opened, also after the broker has forgotten the key. */
async function findEarlier(
  context: ApiContext,
  request: DesiredVersionRequest,
  eventId: EventId,
): Promise<AcceptedCommand | undefined> {
  const deviceId = context.model.deviceOfUpgrade(eventId);
  if (deviceId === undefined) return undefined;
  const record = await context.model.stored.record(deviceId, eventId);
  if (record === undefined) return undefined;
  const found = await repeated(context, request, eventId, record.upgrade.requested_seq);
  if (found === undefined) throw reused(eventId);
  return found;
}

/** The command stored at `seq`, if it says what this request says. */
async function repeated(
  context: ApiContext,
  request: DesiredVersionRequest,
  eventId: EventId,
  seq: number,
): Promise<AcceptedCommand | undefined> {
  const entry = await context.ledger.get(seq);
  if (entry?.decoded.kind !== "event") return undefined;
  const { event } = entry.decoded;
  if (
    event.type !== "desired-version" ||
    event.event_id !== eventId ||
    event.device_id !== request.deviceId
  ) {
    return undefined;
  }
  const same =
    event.desired_version === request.version &&
    event.reason === request.reason &&
    (request.artifact === undefined || isDeepStrictEqual(event.artifact, request.artifact));
  return same ? { upgradeId: event.upgrade_id, eventId, seq, artifact: event.artifact } : undefined;
}

function reused(eventId: EventId): ApiProblem {
  return new ApiProblem("idempotency_key_reused", `The key ${eventId} was used for another request.`);
}
