// The device's commands: doorbells are heard, the ledger is read, each command is handed on once and in order (spec §3.1).
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import { type DeviceId, HEADERS, type LedgerEntry, subjects } from "@upgrade-ledger/contract";
import { type Ledger, ledgerOf } from "@upgrade-ledger/ledger";
import type { Desired, Stop } from "../core/index.ts";

export type Command =
  | { readonly kind: "desired"; readonly desired: Desired }
  | { readonly kind: "stop"; readonly stop: Stop };

export interface CommandsOptions {
  readonly deviceId: DeviceId;
  readonly onCommand: (command: Command) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly log: { warn(fields: object, message: string): void };
  /** How long a stop that was found by reading waits for its doorbell. Default 1,000. */
  readonly doorbellGraceMs?: number;
}

/** How long a doorbell's sequence is looked for, in case the replica that answers lags behind. */
const REREADS = 20;
const REREAD_MS = 100;
const REMEMBERED_DOORBELLS = 32;

export class Commands {
  readonly #options: CommandsOptions;
  /** When the doorbell of a stop rang on the present connection, by ledger sequence. */
  readonly #heard = new Map<number, number>();
  #ledger: Ledger | undefined;
  #reading: Promise<void> = Promise.resolve();
  #session = 0;
  #handedOn = 0;

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  /** Listens for doorbells on a connection. */
  attach(nc: NatsConnection): void {
    this.#ledger = ledgerOf(nc);
    nc.subscribe(subjects.deviceCommands(this.#options.deviceId), {
      callback: (error, message) => {
        if (error === null) this.#onDoorbell(message);
      },
    });
  }

  /** The link is up anew: what was stored meanwhile is found. */
  onUp(): Promise<void> {
    this.#session += 1;
    return this.reread();
  }

  /** The link is down: a doorbell of this connection is no news on the next. */
  onDown(): void {
    this.#session += 1;
    this.#heard.clear();
  }

  /** Reads the last commands: at each (re)connect, and now and then in case a doorbell was lost. */
  reread(): Promise<void> {
    return this.#queue(0);
  }

  #onDoorbell(message: Msg): void {
    const seq = Number(message.headers?.get(HEADERS.sequence) ?? "");
    if (!Number.isSafeInteger(seq) || seq < 1) return;
    if (!this.#heard.has(seq)) this.#heard.set(seq, this.#options.now());
    const oldest = this.#heard.keys().next().value;
    if (this.#heard.size > REMEMBERED_DOORBELLS && oldest !== undefined) this.#heard.delete(oldest);
    void this.#queue(seq);
  }

  /** One reading at a time. */
  #queue(atLeast: number): Promise<void> {
    const session = this.#session;
    const before = this.#reading;
    this.#reading = this.#readAfter(before, atLeast, session);
    return this.#reading;
  }

  async #readAfter(before: Promise<void>, atLeast: number, session: number): Promise<void> {
    await before;
    try {
      await this.#read(atLeast, session);
    } catch (error) {
      this.#options.log.warn({ error: String(error) }, "the commands cannot be read for the moment");
    }
  }

  /** Reads until the doorbell's sequence is there: a replica may lag behind it. */
  async #read(atLeast: number, session: number): Promise<void> {
    for (let round = 0; round < REREADS && session === this.#session; round += 1) {
      const found = await this.#lastCommands();
      if ((found.at(-1)?.seq ?? 0) >= atLeast) {
        // An answer can overtake the doorbell of the very same command.
        if (found.some((entry) => this.#isUnheardStop(entry)))
          await pause(this.#options.doorbellGraceMs ?? 1_000);
        if (session !== this.#session) return;
        for (const entry of found) this.#handOn(entry, this.#heard.get(entry.seq) ?? null);
        return;
      }
      await pause(REREAD_MS);
    }
  }

  #isUnheardStop({ seq, subject }: LedgerEntry): boolean {
    const isStop = subject === subjects.command(this.#options.deviceId, "upgrade-stop");
    return isStop && seq > this.#handedOn && !this.#heard.has(seq);
  }

  async #lastCommands(): Promise<LedgerEntry[]> {
    const ledger = this.#ledger;
    if (ledger === undefined) return [];
    const { deviceId } = this.#options;
    const desired = await ledger.lastOn(subjects.command(deviceId, "desired-version"));
    const stop = await ledger.lastOn(subjects.command(deviceId, "upgrade-stop"));
    return [desired, stop].filter((entry) => entry !== undefined).toSorted((a, b) => a.seq - b.seq);
  }

  #handOn(entry: LedgerEntry, heardMs: number | null): void {
    const command = commandOf(entry, heardMs);
    if (command === undefined) {
      this.#options.log.warn(
        { seq: entry.seq, subject: entry.subject },
        "a command that cannot be read is left alone",
      );
      return;
    }
    this.#handedOn = Math.max(this.#handedOn, entry.seq);
    this.#options.onCommand(command);
  }
}

/** The command of a stored event; `undefined` for what is none. */
export function commandOf(entry: LedgerEntry, heardMs: number | null): Command | undefined {
  const { decoded, seq } = entry;
  if (decoded.kind !== "event") return undefined;
  const { event } = decoded;
  if (event.type === "desired-version") {
    const { event_id: eventId, upgrade_id: upgradeId, desired_version: version, artifact } = event;
    return { kind: "desired", desired: { seq, eventId, upgradeId, version, artifact } };
  }
  if (event.type === "upgrade-stop") {
    const stop: Stop = {
      seq,
      eventId: event.event_id,
      upgradeId: event.upgrade_id,
      stopInstanceId: event.stop_instance_id,
      deadlineMs: event.deadline_ms,
      evidenceInstanceId: event.evidence.instance_id,
      heardMs,
    };
    return { kind: "stop", stop };
  }
  return undefined;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
