// An operator that does what a test says: asks for versions, watches heartbeats and the ledger, tells the old agent to stop.
import { jetstream } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import {
  type Artifact,
  BareVersion,
  BUCKETS,
  type Deployment,
  DeviceId,
  type EventOf,
  type EventType,
  type LedgerEntry,
  type LedgerEvent,
  type ReadHeartbeat,
  readHeartbeat,
  sameVersion,
  subjects,
  UpgradeId,
  Version,
  WorkloadState,
} from "@upgrade-ledger/contract";
import {
  createWriter,
  type Ledger,
  ledgerOf,
  type LedgerWriter,
  newInstanceId,
} from "@upgrade-ledger/ledger";
import { type LedgerServer, waitFor } from "@upgrade-ledger/testkit";

const UPGRADE_TIMEOUT_MS = 20_000;

export class ScriptedOperator {
  readonly deviceId: DeviceId;
  /** The device's events, in ledger order. */
  readonly entries: LedgerEntry[] = [];
  readonly heartbeats: ReadHeartbeat[] = [];
  readonly #api: NatsConnection;
  readonly #operator: NatsConnection;
  readonly #asks: LedgerWriter;
  readonly #stops: LedgerWriter;
  readonly #ledger: Ledger;
  readonly #ended = new AbortController();
  #attempt = 0;

  private constructor(deviceId: DeviceId, api: NatsConnection, operator: NatsConnection) {
    this.deviceId = deviceId;
    this.#api = api;
    this.#operator = operator;
    this.#ledger = ledgerOf(api);
    this.#asks = createWriter({
      ledger: this.#ledger,
      role: "api",
      instanceId: newInstanceId(),
      version: "0.1.0",
    });
    this.#stops = createWriter({
      ledger: ledgerOf(operator),
      role: "coordinator",
      instanceId: newInstanceId(),
      version: "0.1.0",
    });
  }

  static async create(server: LedgerServer, deviceId: string): Promise<ScriptedOperator> {
    const operator = new ScriptedOperator(
      DeviceId.parse(deviceId),
      await server.connect("api"),
      await server.connect("operator"),
    );
    operator.#watch();
    await Promise.all([operator.#api.flush(), operator.#operator.flush()]);
    return operator;
  }

  end(): void {
    this.#ended.abort();
  }

  async deploy(deployments: readonly Deployment[]): Promise<void> {
    const document = JSON.stringify({ device_id: this.deviceId, deployments });
    await jetstream(this.#api).publish(`$KV.${BUCKETS.desiredState}.${this.deviceId}`, document);
  }

  /** Workloads as the active agent last reported them. */
  async workloads(): Promise<WorkloadState["workloads"]> {
    const subject = `$KV.${BUCKETS.workloadState}.${this.deviceId}`;
    const message = await this.#api.request(`$JS.API.DIRECT.GET.KV_${BUCKETS.workloadState}.${subject}`);
    return message.headers?.code ? [] : WorkloadState.parse(message.json()).workloads;
  }

  /** Asks for a version. */
  async ask(version: string, artifact: Artifact | null): Promise<UpgradeId> {
    const outcome = await this.#asks.append(this.deviceId, {
      type: "desired-version",
      desired_version: BareVersion.parse(version),
      artifact,
      actor: "local:test",
      reason: "a test",
    });
    if (outcome.kind !== "stored") throw new Error(`the request was not stored: ${JSON.stringify(outcome)}`);
    return UpgradeId.parse(outcome.eventId);
  }

  /** Tells the old instance to stop, citing a heartbeat of the new one (spec §5, what the coordinator does). */
  async stop(upgradeId: UpgradeId, old: LedgerEvent, heartbeat: ReadHeartbeat): Promise<string> {
    const version = Version.parse(heartbeat.current_version);
    const observed = await this.#stops.append(this.deviceId, {
      type: "agent-observed",
      upgrade_id: upgradeId,
      instance_id: heartbeat.instance_id,
      current_version: version,
      agent_state: "running",
    });
    const outcome = await this.#stops.append(this.deviceId, {
      type: "upgrade-stop",
      upgrade_id: upgradeId,
      reason: "the new version runs",
      deadline_ms: 5_000,
      stop_instance_id: old.writer.instance_id,
      attempt: ++this.#attempt,
      evidence: {
        instance_id: heartbeat.instance_id,
        current_version: version,
        agent_state: "running",
        observed_event_id: observed.eventId,
        heartbeat_at: heartbeat.sent_at ?? new Date().toISOString(),
        observed_for_ms: 100,
      },
    });
    if (outcome.kind !== "stored") throw new Error(`the stop was not stored: ${JSON.stringify(outcome)}`);
    return outcome.eventId;
  }

  /** The device's own events, in order; of one upgrade where one is named. */
  events(upgradeId?: string): LedgerEvent[] {
    return this.entries.flatMap(({ decoded }) =>
      decoded.kind === "event" &&
      decoded.event.schema_version === 1 &&
      (upgradeId === undefined || decoded.event.upgrade_id === upgradeId)
        ? [decoded.event]
        : [],
    );
  }

  types(upgradeId?: string): EventType[] {
    return this.events(upgradeId).map(({ type }) => type);
  }

  /** Waits for an event of the upgrade. */
  waitForEvent<T extends EventType>(type: T, upgradeId?: string): Promise<EventOf<T>> {
    const isWanted = (event: LedgerEvent): event is EventOf<T> => event.type === type;
    return waitFor(() => this.events(upgradeId).find(isWanted), {
      describe: `"${type}" in the ledger; it has ${this.#told()}`,
      timeoutMs: UPGRADE_TIMEOUT_MS,
    });
  }

  /** Waits for a heartbeat of a version in state running that came after this call. */
  waitForHeartbeat(version: string): Promise<ReadHeartbeat> {
    const from = this.heartbeats.length;
    return waitFor(
      () =>
        this.heartbeats
          .slice(from)
          .find(
            ({ current_version, agent_state }) =>
              agent_state === "running" && sameVersion(current_version, version),
          ),
      { describe: `a heartbeat of ${version}`, timeoutMs: UPGRADE_TIMEOUT_MS },
    );
  }

  #told(): string {
    return this.types().join(", ");
  }

  #watch(): void {
    this.#operator.subscribe(subjects.heartbeat(this.deviceId), {
      callback: (_error, message) => {
        const reading = readHeartbeat({ subject: message.subject, data: message.data, injected: false });
        if (reading.ok) this.heartbeats.push(reading.heartbeat);
      },
    });
    void this.#ledger
      .follow({ fromSeq: 1, deviceId: this.deviceId, signal: this.#ended.signal }, (entry) => {
        this.entries.push(entry);
      })
      .catch(() => undefined);
  }
}
