import { Command } from "@commander-js/extra-typings";
import { devicesAdd } from "./devices-add.ts";
import { devicesHistory } from "./devices-history.ts";
import { devicesLs } from "./devices-ls.ts";
import { devicesShow } from "./devices-show.ts";
import { examples } from "./client-command.ts";

/** `devices …` */
export function devices() {
  return new Command("devices")
    .description("Devices: what they run, what they are to run, what happened")
    .addCommand(devicesLs())
    .addCommand(devicesShow())
    .addCommand(devicesHistory())
    .addCommand(devicesAdd())
    .addHelpText("after", examples("devices ls", "devices show pi-0042", "devices history pi-0042"));
}
