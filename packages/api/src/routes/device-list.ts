import { DEVICE_STATUSES } from "@upgrade-ledger/projections";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";
import { fingerprint } from "../paging/page-token.ts";
import { cutPage } from "../paging/pages.ts";
import { Snapshots } from "../paging/snapshots.ts";
import { deviceStatus, presentDevice } from "../present/device.ts";
import { deviceTest, type DeviceFilter, type DeviceRow } from "../present/device-filter.ts";
import { SORT_FIELDS, sortDevices } from "../present/device-order.ts";
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
  const snapshots = new Snapshots<DeviceRow>();
  app.get(
    "/v1/devices",
    {
      schema: {
        summary: "Devices, filtered and sorted",
        description:
          "A repeated filter means any of its values; a repeated `label` (`key=value`) means all of them. `q` looks in ids, versions and labels. Pages of one list show one consistent view.",
        tags: ["devices"],
        querystring: Query,
        response: answers(pageOf(Device)),
      },
    },
    async (request, reply) => {
      const { query } = request;
      const name = fingerprint("devices", query);
      const position = context.tokens.read(query.page_token, name);
      const snapshot = position === undefined ? undefined : snapshots.get(String(position.pin));
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
      return {
        items: page.rows.map(({ device, status }) => presentDevice(context, device, status)),
        next_page_token: page.next_page_token,
      };
    },
  );
}

function selectDevices(context: ApiContext, query: z.infer<typeof Query>): DeviceRow[] {
  const { label, ...rest } = query;
  const filter: DeviceFilter = { ...rest, label: label?.map(keyAndValue) };
  const fits = deviceTest(filter);
  const rows: DeviceRow[] = [];
  for (const device of context.model.devices.values()) {
    const row = { device, status: deviceStatus(context, device) };
    if (fits(row, context.model.labels.get(device.device_id))) rows.push(row);
  }
  sortDevices(rows, query.sort);
  return rows;
}

function keyAndValue(label: string): readonly [string, string] {
  const at = label.indexOf("=");
  return [label.slice(0, at), label.slice(at + 1)];
}
