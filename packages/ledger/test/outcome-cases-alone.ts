// The rows of the table in docs/ledger.md that need a server of their own, because they break it.
import { subjectOf } from "@upgrade-ledger/contract";
import { startLedgerServer, waitFor, type LedgerServer } from "@upgrade-ledger/testkit";
import { type Ledger, ledgerOf } from "../src/index.ts";
import { killAndRestart, type Line, restart, startChangedLedger, startLine } from "./ledger-servers.ts";
import { failureOf, type Result, type Row } from "./outcome-words.ts";
import { cancelled } from "./samples.ts";

/** Starts something that is stopped when the case is over. */
export type Until = <T extends { stop(): Promise<void> }>(starting: Promise<T>) => Promise<T>;

export interface LonelyCase extends Row {
  readonly run: (until: Until) => Promise<{ outcome: Result; ledger: Ledger; subject: string }>;
}

export const lonelyCases: LonelyCase[] = [];

function alone(name: string, gets: string, stored: number, run: LonelyCase["run"]): void {
  lonelyCases.push({ name, gets, stored, run });
}

/** An answer that does not come by then never comes, milliseconds. */
const timeoutMs = 300;

alone("ledger full", "`refused`, `full`", 0, async (until) => {
  const server = await until(startChangedLedger({ max_bytes: 100_000 }));
  const ledger = ledgerOf(await server.connect("api"));
  await ledger.append({ event: cancelled("pi-filler", { padding: "x".repeat(50_000) }) });
  const event = cancelled("pi-1", { padding: "x".repeat(60_000) });
  return { outcome: await ledger.append({ event }), ledger, subject: subjectOf(event) };
});

alone("subject full", "`refused`, `full`", 1, async (until) => {
  const server = await until(startChangedLedger({ max_msgs_per_subject: 1 }));
  const ledger = ledgerOf(await server.connect("api"));
  const event = cancelled("pi-1");
  await ledger.append({ event });
  return { outcome: await ledger.append({ event: cancelled("pi-1") }), ledger, subject: subjectOf(event) };
});

alone(
  "payload that the broker finds too large with its headers",
  "`refused`, `too_large`",
  0,
  async (until) => {
    const server = await until(startChangedLedger({ max_msg_size: 1024 }));
    const ledger = ledgerOf(await server.connect("api"));
    const event = cancelled("pi-1", { padding: "x".repeat(2_000) });
    return { outcome: await ledger.append({ event }), ledger, subject: subjectOf(event) };
  },
);

alone("broker gone", "throws `LedgerUnavailableError`", 0, async (until) => {
  const server = await until(startLedgerServer());
  const nc = await server.connect("api");
  const ledger = ledgerOf(nc, { timeoutMs });
  await server.nats.kill();
  const event = cancelled("pi-1");
  const outcome = await failureOf(ledger.append({ event }));
  await until(restart(server));
  const after = ledgerOf(nc, { timeoutMs });
  await waitFor(() => after.head(), { describe: "the broker to be back" });
  return { outcome, ledger: after, subject: subjectOf(event) };
});

alone("no ledger there", "throws `LedgerUnavailableError`", 0, async (until) => {
  const server = await until(startLedgerServer({ skipProvisioning: true }));
  const ledger = ledgerOf(await server.connect("api"));
  const event = cancelled("pi-1");
  const outcome = await failureOf(ledger.append({ event }));
  const other = await until(startLedgerServer());
  return { outcome, ledger: ledgerOf(await other.connect("api")), subject: subjectOf(event) };
});

async function loseTheAnswer(server: LedgerServer, line: Line, event: ReturnType<typeof cancelled>) {
  const nc = await line.connect(server, "api");
  const direct = ledgerOf(await server.connect("api"));
  line.holdAnswers();
  const outcome = await failureOf(ledgerOf(nc, { timeoutMs }).append({ event }));
  await waitFor(async () => (await direct.head()).lastSeq === 1, { describe: "the event to be stored" });
  return { nc, direct, outcome };
}

alone("acknowledgement lost", "throws `LedgerUnavailableError`", 1, async (until) => {
  const server = await until(startLedgerServer());
  const line = await startLine(server);
  const event = cancelled("pi-1");
  const { direct, outcome } = await loseTheAnswer(server, line, event);
  await line.close();
  return { outcome, ledger: direct, subject: subjectOf(event) };
});

alone("same event again, after a lost acknowledgement", "`already-stored`, verified", 1, async (until) => {
  const server = await until(startLedgerServer());
  const line = await startLine(server);
  const event = cancelled("pi-1");
  const { nc, direct } = await loseTheAnswer(server, line, event);
  line.cut();
  const again = ledgerOf(nc, { timeoutMs });
  await waitFor(() => again.head(), { describe: "the line to be back" });
  const outcome = await again.append({ event });
  await line.close();
  return { outcome, ledger: direct, subject: subjectOf(event) };
});

alone(
  "same event again, after the broker was killed and restarted",
  "`already-stored`, verified",
  1,
  async (until) => {
    const server = await until(startLedgerServer());
    const nc = await server.connect("api");
    const ledger = ledgerOf(nc, { timeoutMs });
    const event = cancelled("pi-1");
    await ledger.append({ event });
    await until(killAndRestart(server));
    await waitFor(() => ledger.head(), { describe: "the broker to be back" });
    return { outcome: await ledger.append({ event }), ledger, subject: subjectOf(event) };
  },
);
