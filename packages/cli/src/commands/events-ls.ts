import { LedgerItem } from "@upgrade-ledger/api/schema";
import type { z } from "zod";
import { utc } from "../output/time.ts";
import type { Column } from "../output/table.ts";
import { positiveInteger } from "./arguments.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";

const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `events ls` */
export function eventsLs() {
  return clientCommand("ls")
    .description("List the latest events, oldest first")
    .option("--device <device>", "only about this device (repeat for several)", collect)
    .option("--type <type>", "only of this type (repeat for several)", collect)
    .option("--from-seq <n>", "from this ledger sequence on", positiveInteger)
    .option("--to-seq <n>", "up to this ledger sequence", positiveInteger)
    .option("--limit <n>", "at most so many: the latest, or with --from-seq the first", positiveInteger, 50)
    .addHelpText(
      "after",
      examples(
        "events ls --limit 20",
        "events ls --device pi-0042 --type failed",
        "events ls --from-seq 1 -o json",
      ),
    )
    .action(async (options) => {
      const { api, printer } = clientOf(options);
      const latest = options.fromSeq === undefined;
      const query = {
        device_id: options.device,
        type: options.type,
        from_seq: options.fromSeq,
        to_seq: options.toSeq,
        order: latest ? "desc" : "asc",
      };
      const events = await api.list(LedgerItem, "/v1/events", query, options.limit);
      printer.list(latest ? events.toReversed() : events, EVENT_COLUMNS, "no events");
    });
}

export const EVENT_COLUMNS: readonly Column<z.infer<typeof LedgerItem>>[] = [
  { name: "seq", value: (event) => String(event.seq) },
  { name: "ledger time", value: (event) => utc(event.ledger_time) },
  { name: "device", value: (event) => event.device_id ?? "-" },
  { name: "type", value: (event) => event.type },
  { name: "upgrade", value: (event) => event.upgrade_id ?? "-" },
  { name: "what", value: whatOf },
];

const TELLING = [
  "desired_version",
  "to_version",
  "reason_code",
  "last_error",
  "reason",
  "current_version",
  "boot_reason",
];

function whatOf({ detail, payload }: z.infer<typeof LedgerItem>): string {
  if (detail !== null) return detail;
  const told = TELLING.map((name) => payload?.[name]).filter(
    (value) => typeof value === "string" && value !== "",
  );
  return told.join(", ").slice(0, 120);
}
