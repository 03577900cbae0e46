import { PublishedArtifact } from "@upgrade-ledger/api/schema";
import { utc } from "../output/time.ts";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `artifacts ls` */
export function artifactsLs() {
  return clientCommand("ls")
    .description("List what devices can be told to install")
    .addHelpText("after", examples("artifacts ls", "artifacts ls -o json"))
    .action(async (options) => {
      const { api, printer } = clientOf(options);
      const published = await api.list(PublishedArtifact, "/v1/artifacts");
      printer.list(
        published,
        [
          { name: "version", value: (row) => row.version },
          { name: "platform", value: (row) => row.platform },
          { name: "size", value: (row) => String(row.size_bytes) },
          {
            name: "sha256",
            value: (row) => (printer.terminal.isTerminal ? row.sha256.slice(0, 12) : row.sha256),
          },
          { name: "published", value: (row) => utc(row.published_at) },
          { name: "by", value: (row) => row.published_by },
          { name: "url", value: (row) => row.url },
        ],
        "no artifacts: publish one with `upgrade-ledger artifacts publish <file>`",
      );
    });
}
