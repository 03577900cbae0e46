import { UpgradeId } from "@upgrade-ledger/contract";
import { whyOf } from "@upgrade-ledger/projections";
import type { RecordedEvent, StoredHistory, UpgradeRecord } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
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
        response: answers(UpgradeDetail),
      },
    },
    async ({ params: { upgrade_id: id }, query }, reply) => {
      const moment = await momentOf(context, query);
      const deviceId = context.model.deviceOfUpgrade(id);
      if (deviceId === undefined) throw unknown(id);
      if (moment === undefined) return tell(context, context.model.stored, deviceId, id);
      const history = await pastHistory(context, deviceId, moment);
      return sayMoment(reply, moment, await tell(pastContext(context, moment), history, deviceId, id));
    },
  );
}

async function tell(
  context: ApiContext,
  history: StoredHistory,
  deviceId: string,
  upgradeId: string,
): Promise<UpgradeDetail> {
  const record = await history.record(deviceId, upgradeId);
  if (record === undefined) throw unknown(upgradeId);
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
