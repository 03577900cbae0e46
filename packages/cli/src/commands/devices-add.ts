import { EnrolmentAccepted } from "@upgrade-ledger/api/schema";
import { clientCommand, clientOf, examples } from "./client-command.ts";

/** `devices add` */
export function devicesAdd() {
  return clientCommand("add")
    .description("Let a device connect with its key (the running service makes its NATS server know it)")
    .argument("<device>", "device id")
    .requiredOption("--public-key <key>", "the device's NKey user public key, U…")
    .option("--reason <text>", "why, for the ledger", "")
    .addHelpText("after", examples("devices add pi-0042 --public-key UABC…"))
    .action(async (device, options) => {
      const { api, printer } = clientOf(options);
      const added = await api.ask(EnrolmentAccepted, `/v1/devices/${encodeURIComponent(device)}/enrolment`, {
        method: "POST",
        body: { public_key: options.publicKey, reason: options.reason },
      });
      printer.one(added, () => `${added.device_id} may connect (ledger ${added.ledger_seq})\n`);
    });
}
