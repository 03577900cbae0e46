import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answers } from "../app/responses.ts";
import { momentOf, sayMoment } from "../as-of/as-of.ts";
import { pastHistory } from "../as-of/past-device.ts";
import type { ApiContext } from "../context.ts";
import { fingerprint } from "../paging/page-token.ts";
import { cutPage } from "../paging/pages.ts";
import { asOfQuery, type AsOfQuery } from "../schema/as-of.ts";
import { DeviceParams, VersionInterval } from "../schema/device.ts";
import { pageOf, pageQuery } from "../schema/page.ts";
import { UpgradeSummary } from "../schema/upgrade.ts";
import { findDevice } from "./find-device.ts";

const Query = z.strictObject({ ...asOfQuery, ...pageQuery });

/** `GET /v1/devices/{device_id}/versions` and `/upgrades` */
export function deviceHistoryRoutes(app: App, context: ApiContext): void {
  app.get(
    "/v1/devices/:device_id/versions",
    {
      schema: {
        summary: "What the device ran, from when to when, oldest first",
        tags: ["devices"],
        params: DeviceParams,
        querystring: Query,
        response: answers(pageOf(VersionInterval)),
      },
    },
    async ({ params: { device_id: deviceId }, query }, reply) => {
      const { history, say } = await historyAt(context, deviceId, query, reply);
      const intervals = await history.intervals(deviceId);
      return say(pageUpTo(context, `versions/${deviceId}`, query, intervals, (row) => row.from_seq));
    },
  );
  app.get(
    "/v1/devices/:device_id/upgrades",
    {
      schema: {
        summary: "Every attempt to upgrade the device, in the order in which they were asked for",
        tags: ["devices"],
        params: DeviceParams,
        querystring: Query,
        response: answers(pageOf(UpgradeSummary)),
      },
    },
    async ({ params: { device_id: deviceId }, query }, reply) => {
      const { history, say } = await historyAt(context, deviceId, query, reply);
      const upgrades = await history.upgrades(deviceId);
      return say(pageUpTo(context, `upgrades/${deviceId}`, query, upgrades, (row) => row.requested_seq));
    },
  );
}

/** A device's history now or at a moment of the past, and how to say in the answer which of them it is. */
async function historyAt(context: ApiContext, deviceId: string, query: AsOfQuery, reply: FastifyReply) {
  const moment = await momentOf(context, query);
  if (moment === undefined) {
    findDevice(context, deviceId);
    return { history: context.model.stored, say: <T>(answer: T) => answer };
  }
  const history = await pastHistory(context, deviceId, moment);
  return { history, say: <T>(answer: T) => sayMoment(reply, moment, answer) };
}

/** A page of a list that only grows at its end: later pages leave out what came after the first one. */
export function pageUpTo<T>(
  context: ApiContext,
  route: string,
  query: { readonly page_size: number; readonly page_token: string },
  rows: readonly T[],
  seqOf: (row: T) => number,
): { items: T[]; next_page_token: string } {
  const request = fingerprint(route, { ...query });
  const position = context.tokens.read(query.page_token, request);
  const pin = position?.pin ?? rows.reduce((last, row) => Math.max(last, seqOf(row)), 0);
  const pinned = rows.filter((row) => seqOf(row) <= Number(pin));
  const page = cutPage(context.tokens, pinned, () => pin, {
    request,
    offset: position?.offset ?? 0,
    size: query.page_size,
  });
  return { items: [...page.rows], next_page_token: page.next_page_token };
}
