// The rows of the table in docs/ledger.md that can share a server.
import { MAX_EVENT_BYTES } from "@upgrade-ledger/contract";
import { waitFor } from "@upgrade-ledger/testkit";
import type { Ledger } from "../src/index.ts";
import { type Result, type Row, seqOf } from "./outcome-words.ts";
import { cancelled, desiredSubject, encoded, started } from "./samples.ts";

export interface World {
  /** May read everything. */
  readonly api: Ledger;
  /** A ledger whose duplicate window is over at once. */
  readonly shortWindow: Ledger;
  /** The ledger as a device's connection has it. */
  readonly agent: (deviceId: string) => Promise<Ledger>;
  /** Used by this case alone. */
  readonly deviceId: string;
}

export interface Case extends Row {
  readonly run: (world: World) => Promise<Result>;
}

export const cases: Case[] = [
  {
    name: "first append",
    gets: "`stored`",
    stored: 1,
    run: ({ api, deviceId }) => api.append({ event: cancelled(deviceId) }),
  },
  {
    name: "same event again, inside the duplicate window",
    gets: "`already-stored`, verified",
    stored: 1,
    run: async ({ api, deviceId }) => {
      const event = cancelled(deviceId);
      await api.append({ event });
      return api.append({ event });
    },
  },
  {
    name: "same event again, inside the window, with others after it",
    gets: "`already-stored`, verified",
    stored: 2,
    run: async ({ api, deviceId }) => {
      const event = cancelled(deviceId);
      await api.append({ event });
      await api.append({ event: cancelled(deviceId) });
      return api.append({ event });
    },
  },
  {
    name: "same event again, after the window",
    gets: "`stored`",
    stored: 2,
    run: async ({ shortWindow: ledger, deviceId }) => {
      const event = cancelled(deviceId);
      const first = await ledger.append({ event });
      return waitFor(
        async () => {
          const again = await ledger.append({ event });
          return again.kind === "stored" && again.seq !== seqOf(first) ? again : undefined;
        },
        { describe: "the duplicate window to be over" },
      );
    },
  },
  {
    name: "same event again, after the window, with its expected sequence",
    gets: "`already-stored`, verified",
    stored: 1,
    run: async ({ shortWindow: ledger, deviceId }) => {
      const request = {
        event: cancelled(deviceId),
        expect: { subject: desiredSubject(deviceId), lastSequence: 0 },
      };
      await ledger.append(request);
      const other = cancelled(`${deviceId}-other`);
      await ledger.append({ event: other });
      await waitFor(async () => (await ledger.append({ event: other })).kind === "stored", {
        describe: "the duplicate window to be over",
      });
      return ledger.append(request);
    },
  },
  {
    name: "same id, other bytes",
    gets: "`id-taken`",
    stored: 1,
    run: async ({ api, deviceId }) => {
      const event = cancelled(deviceId);
      await api.append({ event });
      return api.append({ event: { ...event, reason: "other bytes" } });
    },
  },
  {
    name: "same id, other subject",
    gets: "`id-taken`",
    stored: 0,
    run: async ({ api, deviceId }) => {
      const event = cancelled(`${deviceId}-first`);
      await api.append({ event });
      return api.append({ event: cancelled(deviceId, { event_id: event.event_id }) });
    },
  },
  {
    name: "expected sequence holds",
    gets: "`stored`",
    stored: 2,
    run: async ({ api, deviceId }) => {
      const lastSequence = seqOf(await api.append({ event: cancelled(deviceId) }));
      const expect = { subject: desiredSubject(deviceId), lastSequence };
      return api.append({ event: cancelled(deviceId), expect });
    },
  },
  {
    name: "wrong expected sequence, another's event came first",
    gets: "`conflict`",
    stored: 1,
    run: async ({ api, deviceId }) => {
      await api.append({ event: cancelled(deviceId) });
      const expect = { subject: desiredSubject(deviceId), lastSequence: 0 };
      return api.append({ event: cancelled(deviceId), expect });
    },
  },
  {
    name: "wrong expected sequence, it was one's own event",
    gets: "`already-stored`, verified",
    stored: 1,
    run: async ({ api, deviceId }) => {
      const expect = { subject: desiredSubject(deviceId), lastSequence: 0 };
      const event = cancelled(deviceId);
      await api.append({ event, expect });
      return api.append({ event, expect });
    },
  },
  {
    name: "wrong expected sequence, one's own event and then another's",
    gets: "`already-stored`, verified",
    stored: 2,
    run: async ({ api, deviceId }) => {
      const expect = { subject: desiredSubject(deviceId), lastSequence: 0 };
      const event = cancelled(deviceId);
      await api.append({ event, expect });
      await api.append({ event: cancelled(deviceId) });
      return api.append({ event, expect });
    },
  },
  {
    name: "payload of more than 64 KiB",
    gets: "`refused`, `too_large`",
    stored: 0,
    run: ({ api, deviceId }) =>
      api.appendEncoded({ ...encoded(cancelled(deviceId)), data: new Uint8Array(MAX_EVENT_BYTES + 1) }),
  },
  {
    name: "breaks its schema",
    gets: "`refused`, `invalid`",
    stored: 0,
    run: ({ api, deviceId }) => {
      const event = cancelled(deviceId);
      return api.append({ event: { ...event, actor: "" } });
    },
  },
  {
    name: "subject that the connection may not publish",
    gets: "`refused`, `forbidden`",
    stored: 0,
    run: ({ api, deviceId }) => api.append({ event: started(deviceId) }),
  },
  {
    name: "device repeats its last event",
    gets: "`already-stored`, verified",
    stored: 1,
    run: async ({ agent, deviceId }) => {
      const ledger = await agent(deviceId);
      const event = started(deviceId);
      await ledger.append({ event });
      return ledger.append({ event });
    },
  },
  {
    name: "device repeats an event that is no longer its last",
    gets: "`already-stored`, not verified",
    stored: 2,
    run: async ({ agent, deviceId }) => {
      const ledger = await agent(deviceId);
      const event = started(deviceId);
      await ledger.append({ event });
      await ledger.append({ event: started(deviceId) });
      return ledger.append({ event });
    },
  },
  {
    name: "device uses an id that an event elsewhere has",
    gets: "`id-taken`",
    stored: 0,
    run: async ({ api, agent, deviceId }) => {
      const event = cancelled(`${deviceId}-other`);
      await api.append({ event });
      return (await agent(deviceId)).append({ event: started(deviceId, { event_id: event.event_id }) });
    },
  },
];
