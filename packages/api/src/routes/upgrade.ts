import { UpgradeId } from "@upgrade-ledger/contract";
import { historyProjection, whyOf } from "@upgrade-ledger/projections";
import type { RecordedEvent, StoredHistory, UpgradeRecord } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { isKnown, type Validity } from "../app/etag.ts";
import { answersOnce } from "../app/responses.ts";
import { sendKnown } from "../app/send-text.ts";
import { momentOf, pastContext, sayMoment } from "../as-of/as-of.ts";
import { pastHistory } from "../as-of/past-device.ts";
import type { ApiContext } from "../context.ts";
import { presentCommon, waitsFor } from "../present/device.ts";
import { ApiProblem } from "../problem/problem.ts";
import { asOfQuery } from "../schema/as-of.ts";
import { UpgradeDetail } from "../schema/upgrade.ts";

/** `GET /v1/upgrades/{upgrade_id}` */
export function upgradeRoute(app: App, context: ApiContext): void {
  app.get(
    "/v1/upgrades/:upgrade_id",
    {
      schema: {
        summary: "One attempt with its causes: why it was stopped, why it failed",
        tags: ["upgrades"],
        params: z.object({ upgrade_id: UpgradeId }),
        querystring: z.strictObject(asOfQuery),
        response: answersOnce(UpgradeDetail),
      },
    },
    async (request, reply) => {
      const { upgrade_id: id } = request.params;
      const moment = await momentOf(context, request.query);
      const deviceId = context.model.deviceOfUpgrade(id);
      if (deviceId === undefined) throw unknown(id);
      if (moment !== undefined) {
        const past = await pastHistory(context, deviceId, moment);
        return sayMoment(
          reply,
          moment,
          await tell(pastContext(context, moment), past, await recordIn(past, deviceId, id)),
        );
      }
      const { stored } = context.model;
      const record = await recordIn(stored, deviceId, id);
      if (isKnown(request, reply, validityOf(context, record))) return sendKnown(reply);
      return tell(context, stored, record);
    },
  );
}

function validityOf(context: ApiContext, record: UpgradeRecord): Validity {
  const entry = context.model.fleet.get(record.device_id);
  // Takes note of what the coordinator says, which an open upgrade's `waiting_for` shows.
  if (entry !== undefined) context.deviceTexts.of(context, entry);
  return {
    projectionVersion: historyProjection.version,
    seq: record.valid_at_seq,
    changedAtMs: record.outcome === null ? (entry?.changedAtMs ?? 0) : 0,
  };
}

async function recordIn(history: StoredHistory, deviceId: string, upgradeId: string): Promise<UpgradeRecord> {
  const record = await history.record(deviceId, upgradeId);
  if (record === undefined) throw unknown(upgradeId);
  return record;
}

async function tell(
  context: ApiContext,
  history: StoredHistory,
  record: UpgradeRecord,
): Promise<UpgradeDetail> {
  return present(context, record, await history.earlierEvents(record));
}

function unknown(upgradeId: string): ApiProblem {
  return new ApiProblem("upgrade_unknown", `No upgrade ${upgradeId} has been asked for.`);
}

function present(
  context: ApiContext,
  record: UpgradeRecord,
  earlier: readonly RecordedEvent[],
): UpgradeDetail {
  const { upgrade, device_id: deviceId } = record;
  const ended = "outcome" in upgrade ? upgrade : null;
  const types = new Map([...earlier, ...record.events].map((event) => [event.seq, event.type]));
  return {
    device_id: deviceId,
    ...presentCommon(upgrade),
    outcome: record.outcome,
    completed_at: ended?.completed_at ?? null,
    verified: ended?.verified ?? false,
    verified_by: ended?.verified_by ?? null,
    ended_by: ended?.ended_by ?? null,
    reverted: ended?.reverted ?? null,
    waiting_for: ended === null ? waitsFor(context, deviceId, upgrade) : null,
    cancel: upgrade.cancel,
    stalled: upgrade.stalled,
    stops: upgrade.stops,
    phases: record.phases,
    why: whyOf(record, earlier).map((step) => ({ ...step, type: types.get(step.seq) ?? "unknown" })),
    event_count: record.event_count,
    valid_at_seq: record.valid_at_seq,
  };
}
