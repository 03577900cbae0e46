// What the demo asks the query API, and how the answers look (spec §6). Unknown fields are let through.
import { z } from "zod";

const Instance = z.looseObject({ instance_id: z.string(), role: z.string(), current_version: z.string() });

export const Device = z.looseObject({
  device_id: z.string(),
  status: z.string(),
  phase: z.string(),
  current_version: z.string(),
  upgrade: z
    .looseObject({ upgrade_id: z.string(), phase: z.string(), waiting_for: z.string().nullish() })
    .nullable(),
  last_upgrade: z
    .looseObject({
      upgrade_id: z.string(),
      outcome: z.string(),
      verified: z.boolean(),
      reason_code: z.string().nullable(),
      last_error: z.string().nullable(),
    })
    .nullable(),
  instances: z.array(Instance),
});
export type Device = z.infer<typeof Device>;

export const Interval = z.looseObject({
  version: z.string(),
  from: z.string(),
});

export const UpgradeListed = z.looseObject({ upgrade_id: z.string() });

export const Upgrade = z.looseObject({
  from_version: z.string(),
  to_version: z.string(),
  outcome: z.string().nullable(),
  why: z.array(z.looseObject({ seq: z.number(), type: z.string(), text: z.string() })),
});

export const Event = z.looseObject({
  seq: z.number(),
  type: z.string(),
  event_id: z.string(),
  upgrade_id: z.string().nullish(),
  payload: z.record(z.string(), z.unknown()),
});
export type Event = z.infer<typeof Event>;

export const page = <T extends z.ZodType>(item: T) =>
  z.looseObject({ items: z.array(item), next_page_token: z.string() });
export const Accepted = z.looseObject({ upgrade_id: z.string(), ledger_seq: z.number() });
export const Summary = z.looseObject({ devices: z.number(), by_status: z.record(z.string(), z.number()) });

/** Asks once; a problem answer becomes an error with its own words (RFC 9457 `detail`). */
export async function ask<T extends z.ZodType>(
  schema: T,
  url: string,
  init?: RequestInit,
): Promise<z.infer<T>> {
  const answer = await fetch(url, init);
  const body: unknown = await answer.json();
  if (!answer.ok)
    throw new Error(`${init?.method ?? "GET"} ${url}: ${answer.status} ${JSON.stringify(body)}`);
  return schema.parse(body);
}

/** Every item of a list, page by page. */
export async function askAll<T extends z.ZodType>(item: T, url: string): Promise<z.infer<T>[]> {
  const items: z.infer<T>[] = [];
  let token = "";
  do {
    const separator = url.includes("?") ? "&" : "?";
    const answer = await ask(
      page(item),
      token === "" ? url : `${url}${separator}page_token=${encodeURIComponent(token)}`,
    );
    items.push(...answer.items);
    token = answer.next_page_token;
  } while (token !== "");
  return items;
}
