import { setTimeout as pause } from "node:timers/promises";
import { LedgerItem } from "@upgrade-ledger/api/schema";
import { EXIT } from "../exit-codes.ts";
import { interruption } from "../interruption.ts";
import { formatTable } from "../output/table.ts";
import { positiveInteger } from "./arguments.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";
import { EVENT_COLUMNS } from "./events-ls.ts";

const PAUSE_MS = 500;
const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `events tail` */
export function eventsTail() {
  return clientCommand("tail")
    .description("Follow the ledger: the latest events, then each new one, until Ctrl-C")
    .option("--device <device>", "only about this device (repeat for several)", collect)
    .option("--type <type>", "only of this type (repeat for several)", collect)
    .option("-n, --lines <n>", "begin with so many of the latest", positiveInteger, 10)
    .option("--until-head", "stop at the ledger's present end")
    .addHelpText("after", examples("events tail", "events tail --device pi-0042 -o json"))
    .action(async (options) => {
      const { api, printer } = clientOf(options);
      const filter = { device_id: options.device, type: options.type };
      const print = (event: (typeof LedgerItem)["_output"]): void =>
        printer.line(event, () =>
          formatTable({ ...printer.terminal, isTerminal: false }, EVENT_COLUMNS, [event]).trimEnd(),
        );
      const [head] = await api.list(LedgerItem, "/v1/events", { order: "desc" }, 1);
      let next = (head?.seq ?? 0) + 1;
      const latest = await api.list(
        LedgerItem,
        "/v1/events",
        { ...filter, order: "desc", to_seq: head?.seq ?? 1 },
        options.lines,
      );
      for (const event of latest.toReversed()) print(event);
      if (options.untilHead === true) return;
      const interrupted = interruption();
      while (!interrupted.aborted) {
        for (const event of await api.list(LedgerItem, "/v1/events", { from_seq: next })) {
          next = event.seq + 1;
          if (fits(event, filter)) print(event);
        }
        await pause(PAUSE_MS, undefined, { signal: interrupted }).catch(() => undefined);
      }
      process.exitCode = EXIT.interrupted;
    });
}

function fits(
  event: { readonly device_id: string | null; readonly type: string },
  filter: { readonly device_id: readonly string[] | undefined; readonly type: readonly string[] | undefined },
): boolean {
  const { device_id: devices, type: types } = filter;
  return (
    (devices === undefined || devices.includes(event.device_id ?? "")) &&
    (types === undefined || types.includes(event.type))
  );
}
