import { createHash } from "node:crypto";
import { DEVICE_STATUSES, deviceProjection } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { isKnown, type Validity } from "../app/etag.ts";
import { answersOnce } from "../app/responses.ts";
import { sendKnown, sendText } from "../app/send-text.ts";
import type { ApiContext } from "../context.ts";
import type { FleetRow } from "../fleet/fleet-row.ts";
import { fingerprint } from "../paging/page-token.ts";
import { cutPage } from "../paging/pages.ts";
import { Snapshots } from "../paging/snapshots.ts";
import { SORT_FIELDS } from "../present/device-order.ts";
import { Device, DevicePhase } from "../schema/device.ts";
import { anyOf, pageOf, pageQuery } from "../schema/page.ts";

const SORTS = SORT_FIELDS.flatMap((field) => [field, `-${field}`]);
const LABEL = /^[^=]{1,63}=.{0,255}$/;

const Query = z.strictObject({
  status: anyOf(z.enum(DEVICE_STATUSES)),
  phase: anyOf(DevicePhase),
  version: anyOf(z.string().min(1).max(128)),
  /** `none`: devices that nobody has asked anything of. */
  desired_version: anyOf(z.string().min(1).max(128)),
  label: anyOf(z.string().regex(LABEL, "must be key=value")),
  q: z.string().min(1).max(100).optional(),
  sort: z.enum(SORTS).default("device_id"),
  ...pageQuery,
});

/** `GET /v1/devices` */
export function deviceListRoute(app: App, context: ApiContext): void {
  const snapshots = new Snapshots<FleetRow>();
  app.get(
    "/v1/devices",
    {
      schema: {
        summary: "Devices, filtered and sorted",
        description:
          "A repeated filter means any of its values; a repeated `label` (`key=value`) means all of them. `q` looks in ids, versions and labels. Pages of one list show one consistent view.",
        tags: ["devices"],
        querystring: Query,
        response: answersOnce(pageOf(Device)),
      },
    },
    async (request, reply) => {
      const { query } = request;
      const name = fingerprint("devices", query);
      const position = context.tokens.read(query.page_token, name);
      const snapshot = position === undefined ? undefined : snapshots.get(String(position.pin));
      context.model.fleet.bringUp();
      const seq = snapshot?.seq ?? context.model.progress.seq;
      const rows = snapshot?.rows ?? selectDevices(context, query);
      const page = cutPage(
        context.tokens,
        rows,
        () => position?.pin ?? snapshots.keep(rows, seq, context.now()),
        {
          request: name,
          offset: position?.offset ?? 0,
          size: query.page_size,
        },
      );
      void reply.header("ledger-seq", seq);
      const items = page.rows.map((row) => context.deviceTexts.ofRow(context, row)).join(",");
      const validity = pageValidity(context, page);
      if (isKnown(request, reply, validity)) return sendKnown(reply);
      const token = JSON.stringify(page.next_page_token);
      return sendText(reply, `{"items":[${items}],"next_page_token":${token}}`);
    },
  );
}

/** Of the devices on a page: the latest of each; and a digest of all, as one may change without being the latest. */
function pageValidity(
  { model }: ApiContext,
  { rows, next_page_token: token }: { readonly rows: readonly FleetRow[]; readonly next_page_token: string },
): Validity {
  let [seq, changedAtMs, all] = [0, 0, token];
  for (const { device } of rows) {
    const moment = model.fleet.get(device.device_id)?.changedAtMs ?? 0;
    seq = Math.max(seq, device.valid_at_seq);
    changedAtMs = Math.max(changedAtMs, moment);
    all += `,${device.device_id}:${device.valid_at_seq}:${moment}`;
  }
  const also = createHash("sha1").update(all).digest("base64url");
  return { projectionVersion: deviceProjection.version, seq, changedAtMs, also };
}

function selectDevices(context: ApiContext, query: z.infer<typeof Query>): readonly FleetRow[] {
  const { label, sort, status, phase, version, desired_version, q } = query;
  return context.model.fleet.select(
    { status, phase, version, desired_version, label: label?.map(keyAndValue), q },
    sort,
  );
}

function keyAndValue(label: string): readonly [string, string] {
  const at = label.indexOf("=");
  return [label.slice(0, at), label.slice(at + 1)];
}
