import { Command } from "@commander-js/extra-typings";
import { examples } from "./client-command.ts";
import { eventsLs } from "./events-ls.ts";
import { eventsTail } from "./events-tail.ts";

/** `events …` */
export function events() {
  return new Command("events")
    .description("The ledger itself, event by event")
    .addCommand(eventsLs())
    .addCommand(eventsTail())
    .addHelpText("after", examples("events ls --device pi-0042", "events tail"));
}
