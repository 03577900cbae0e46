import { Command } from "@commander-js/extra-typings";
import { artifactsLs } from "./artifacts-ls.ts";
import { artifactsPublish } from "./artifacts-publish.ts";
import { examples } from "./client-command.ts";

/** `artifacts …` */
export function artifacts() {
  return new Command("artifacts")
    .description("The catalogue of agent binaries")
    .addCommand(artifactsLs())
    .addCommand(artifactsPublish())
    .addHelpText("after", examples("artifacts publish fleet-agent-v0.1.2", "artifacts ls"));
}
