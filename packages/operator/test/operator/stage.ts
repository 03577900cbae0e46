// A real server, an API that asks for upgrades, and devices by their script: what the operator is tested on.
import type { NatsConnection } from "@nats-io/transport-node";
import { BareVersion, type LedgerEvent, UpgradeId } from "@upgrade-ledger/contract";
import {
  createWriter,
  type Ledger,
  ledgerOf,
  type LedgerWriter,
  newInstanceId,
} from "@upgrade-ledger/ledger";
import { type LedgerServer, startLedgerServer, waitFor } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { type Operator, type OperatorOptions, startOperator } from "../../src/start-operator.ts";
import { ManualClock } from "../manual-clock.ts";
import { cutoverReady, type ScriptedAgent, ScriptedDevice } from "./scripted-device.ts";

export const SOAK_MS = 15_000;
export const STEP_MS = 5_000;

/** A device in cutover: both agents live, the operator has read that the old one is cutover-ready. */
export interface Cutover {
  readonly device: ScriptedDevice;
  readonly upgradeId: UpgradeId;
  readonly old: ScriptedAgent;
  readonly new: ScriptedAgent;
}

export class Stage {
  readonly server: LedgerServer;
  readonly clock = new ManualClock();
  readonly ledger: Ledger;
  readonly #api: LedgerWriter;
  readonly #operators: Operator[] = [];
  #devices = 0;

  private constructor(server: LedgerServer, api: NatsConnection) {
    this.server = server;
    this.ledger = ledgerOf(api);
    this.#api = createWriter({
      ledger: this.ledger,
      role: "api",
      version: "0.1.0",
      instanceId: newInstanceId(),
    });
  }

  static async open(): Promise<Stage> {
    const server = await startLedgerServer();
    return new Stage(server, await server.connect("api"));
  }

  async close(): Promise<void> {
    await this.stopOperators();
    await this.server.stop();
  }

  async startOperator(options: Partial<OperatorOptions> = {}): Promise<Operator> {
    const operator = await startOperator({
      nc: options.nc ?? (await this.server.connect("operator")),
      log: pino({ level: "silent" }),
      clock: this.clock,
      ...options,
      settings: { soakMs: SOAK_MS, ...options.settings },
    });
    this.#operators.push(operator);
    return operator;
  }

  async stopOperators(): Promise<void> {
    await Promise.all(this.#operators.splice(0).map((operator) => operator.stop()));
  }

  async device(): Promise<ScriptedDevice> {
    this.#devices += 1;
    const deviceId = `pi-${this.#devices}`;
    return new ScriptedDevice(await this.server.connectDevice(deviceId), deviceId);
  }

  async ask(device: ScriptedDevice, version: string): Promise<UpgradeId> {
    const outcome = await this.#api.append(device.deviceId, {
      type: "desired-version",
      desired_version: BareVersion.parse(version),
      artifact: null,
      actor: "local:test",
      reason: "test",
    });
    if (outcome.kind !== "stored") throw new Error(`desired-version was not stored: ${outcome.kind}`);
    return UpgradeId.parse(outcome.eventId);
  }

  /** A device up to the point where its old agent waits for the stop; `operator` has read that. */
  async cutover(operator: Operator): Promise<Cutover> {
    const device = await this.device();
    const upgradeId = await this.ask(device, "0.1.2");
    const old = device.agent("0.1.1");
    await old.write({ type: "draining", upgrade_id: upgradeId, in_flight: 0 });
    await old.write(cutoverReady(upgradeId));
    await this.withheld(operator, device, "old-silent");
    return { device, upgradeId, old, new: device.agent("0.1.2") };
  }

  /** Heartbeats of both agents as they should be, every step of the clock, for `ms`; `operator` has had each when this resolves. */
  async beatFor(ms: number, cutover: Cutover, ...operators: Operator[]): Promise<void> {
    await this.beat(cutover, ...operators);
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      this.clock.pass(STEP_MS);
      await this.beat(cutover, ...operators);
    }
  }

  async beat({ old, new: fresh, upgradeId }: Cutover, ...operators: Operator[]): Promise<void> {
    const before = operators.map((operator) => operator.counts().heartbeats.received);
    old.beat({ agent_state: "cutover-ready", upgrade_id: upgradeId });
    fresh.beat({ upgrade_id: upgradeId });
    await waitFor(
      () =>
        operators.every(
          (operator, index) => operator.counts().heartbeats.received >= (before[index] ?? 0) + 2,
        ),
      { describe: "the operators to have received both heartbeats" },
    );
  }

  async withheld(operator: Operator, device: ScriptedDevice, reason: string): Promise<void> {
    await waitFor(
      () =>
        operator.withheldReasons().find(({ device_id }) => device_id === device.deviceId)?.reason === reason,
      { describe: `the stop of ${device.deviceId} to be withheld because of ${reason}` },
    );
  }

  /** The device's events in the ledger, in order. */
  async events(device: ScriptedDevice): Promise<LedgerEvent[]> {
    const events: LedgerEvent[] = [];
    for await (const { decoded } of this.ledger.read()) {
      if (decoded.deviceId !== device.deviceId || decoded.kind !== "event") continue;
      if (decoded.event.schema_version === 1) events.push(decoded.event);
    }
    return events;
  }

  async eventsOf<T extends LedgerEvent["type"]>(
    device: ScriptedDevice,
    type: T,
  ): Promise<Extract<LedgerEvent, { type: T }>[]> {
    const events = await this.events(device);
    return events.filter((event): event is Extract<LedgerEvent, { type: T }> => event.type === type);
  }

  /** Waits until the ledger holds `count` events of that type about the device, and answers them. */
  async stored<T extends LedgerEvent["type"]>(
    device: ScriptedDevice,
    type: T,
    count = 1,
  ): Promise<Extract<LedgerEvent, { type: T }>[]> {
    return waitFor(
      async () => {
        const events = await this.eventsOf(device, type);
        return events.length >= count ? events : undefined;
      },
      { describe: `${count} ${type} of ${device.deviceId}` },
    );
  }
}
