import { DesiredVersionAccepted } from "@upgrade-ledger/api/schema";
import { v7 } from "uuid";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `upgrade` */
export function upgrade() {
  return clientCommand("upgrade")
    .description("Ask a device to run a version, or cancel with --cancel")
    .argument("<device>", "device id")
    .argument("[version]", "the version that it is to run")
    .requiredOption("--reason <text>", "why, for whoever reads the ledger later")
    .option("--cancel", "cancel the open upgrade instead")
    .option("--idempotency-key <uuid>", "a UUIDv7: the same request again stores nothing")
    .addHelpText(
      "after",
      examples(
        'upgrade pi-0042 0.1.2 --reason "security fix"',
        'upgrade pi-0042 --cancel --reason "wrong site"',
      ),
    )
    .action(async (device, version, options, command) => {
      if ((version === undefined) !== (options.cancel === true)) {
        command.error("error: give either a version or --cancel", { exitCode: 2 });
      }
      const { api, printer } = clientOf(options);
      const accepted = await api.ask(
        DesiredVersionAccepted,
        `/v1/devices/${encodeURIComponent(device)}/desired-version`,
        {
          method: "PUT",
          body: { desired_version: version ?? null, reason: options.reason },
          headers: { "idempotency-key": options.idempotencyKey ?? v7() },
        },
      );
      printer.one(accepted, () => {
        const what = accepted.desired_version === null ? "cancels" : `is to run ${accepted.desired_version}:`;
        return `${device} ${what} upgrade ${accepted.upgrade_id} (ledger ${accepted.ledger_seq})\n`;
      });
      printer.say(`follow it with: upgrade-ledger devices show ${device}`);
    });
}
