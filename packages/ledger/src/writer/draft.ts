// An event before it has its envelope: what the caller says; the writer adds the rest.
import type { EventOf, EventRef, EventType, UpgradeId } from "@upgrade-ledger/contract";

type Envelope = "schema_version" | "event_id" | "occurred_at" | "writer" | "caused_by" | "device_id";

/** The named fields of an event, without the index signature that stands for unknown fields. */
type Named<T> = {
  [K in keyof T as string extends K ? never : number extends K ? never : K]: T[K];
};

type Content<T extends EventType> = Omit<Named<EventOf<T>>, Envelope>;

/** A request opens an upgrade under its own event id, so its `upgrade_id` is left out; a cancellation names the one it ends. */
type OwnUpgrade<C> = Omit<C, "upgrade_id"> & { readonly upgrade_id?: UpgradeId | undefined };

/** A draft of one type: its fields, and the events that it relied on (spec §3.2). */
export type DraftOf<T extends EventType> = (T extends "desired-version"
  ? OwnUpgrade<Content<T>>
  : Content<T>) & {
  readonly caused_by?: readonly EventRef[] | undefined;
};

/** What a writer is given to append. */
export type Draft = { [T in EventType]: DraftOf<T> }[EventType];
