// The device's surroundings: link, operator, supervisor and time, so that interleavings and crashes are cheap to try.
import { type EventId, InstanceId, type UpgradeId, type Version } from "@upgrade-ledger/contract";
import { type Happening, type Stop, terminalEventId, view } from "../../src/core/index.ts";
import { newEvent, upgradeOf } from "./ids.ts";
import { SimulatedDevice } from "./simulated-device.ts";
import type { Exit, Process, Written } from "./simulated-process.ts";

const TERMINAL = new Set(["done", "failed", "superseded"]);
export const isTerminal = (event: Written): boolean => TERMINAL.has(event.body.type);

export class World extends SimulatedDevice {
  seq = 0;
  readonly desired = new Map<UpgradeId, Version | null>();
  readonly stops: Stop[] = [];
  lastDesired: Extract<Happening, { kind: "desired" }>["desired"] | undefined;

  /** Whether the one that exited had a fresh stop for its upgrade and itself. */
  wasTold({ by, upgrade, atMs }: Exit): boolean {
    return this.stops.some(
      (stop) =>
        stop.stopInstanceId === by &&
        stop.upgradeId === upgrade?.upgrade_id &&
        stop.heardMs !== null &&
        atMs - stop.heardMs <= stop.deadlineMs,
    );
  }

  tick(ms: number): void {
    this.nowMs += ms;
    for (const process of this.living) this.give(process, { kind: "tick" });
  }

  beat(from: Process): void {
    if (this.mute.has(from.version) || !from.alive) return;
    for (const process of this.living) {
      if (process === from) continue;
      this.give(process, {
        kind: "heartbeat",
        instanceId: from.instanceId,
        version: from.version,
        agentState: view(from.state).agentState,
        upgradeId: view(from.state).upgradeId,
      });
    }
  }

  ask(of: Version | null): EventId {
    const eventId = newEvent();
    this.seq += 1;
    const upgradeId = of === null ? (this.marker?.upgrade_id ?? upgradeOf(eventId)) : upgradeOf(eventId);
    if (of !== null) this.desired.set(upgradeId, of);
    this.lastDesired = { seq: this.seq, eventId, upgradeId, version: of, artifact: null };
    this.deliverDesired();
    return eventId;
  }

  deliverDesired(): void {
    const { lastDesired } = this;
    if (lastDesired === undefined) return;
    for (const process of this.living) this.give(process, { kind: "desired", desired: lastDesired });
  }

  stop(fields: Partial<Stop> = {}): Stop {
    this.seq += 1;
    const upgrade = this.marker;
    const old = this.living.find(({ instanceId }) => instanceId === upgrade?.old_instance);
    const fresh = this.living.find((process) => process !== old);
    const stop: Stop = {
      seq: this.seq,
      eventId: newEvent(),
      upgradeId: upgrade?.upgrade_id ?? upgradeOf(newEvent()),
      stopInstanceId: old?.instanceId ?? InstanceId.parse("nobody"),
      deadlineMs: 5_000,
      evidenceInstanceId: fresh?.instanceId ?? InstanceId.parse("nobody"),
      heardMs: this.nowMs,
      ...fields,
    };
    this.stops.push(stop);
    for (const process of this.living) this.give(process, { kind: "stop", stop });
    return stop;
  }

  answerProbes(): void {
    for (const process of this.living) {
      const probes = process.probes;
      process.probes = [];
      for (const probe of probes) {
        const asked = this.living.find(({ instanceId }) => instanceId === probe.instanceId);
        this.give(process, {
          kind: "probed",
          stopEventId: probe.stopEventId,
          answer:
            asked === undefined
              ? null
              : {
                  version: asked.version,
                  agentState: view(asked.state).agentState,
                  connected: asked.state.linkUp,
                },
        });
      }
    }
  }

  acknowledge(): void {
    for (const event of this.events.filter(isTerminal)) {
      if (event.upgradeId === null) continue;
      for (const process of this.living)
        this.give(process, { kind: "acknowledged", eventId: terminalEventId(event.upgradeId) });
    }
  }

  /** What the supervisor does: crashed units start again. */
  supervise(): void {
    const main = this.processes.findLast(({ unit }) => unit === "fleet-agent");
    if (main?.exit === "crash") {
      // Where the link's version lives already, the process that is started ends with code 0.
      main.exit = "stopped";
      this.startMain();
    }
    const crashed = this.processes.filter(({ exit, unit }) => exit === "crash" && unit !== "fleet-agent");
    // The link's version first: others yield to it.
    for (const process of crashed.toSorted((a) => (a.version === this.link ? -1 : 1))) {
      process.exit = "stopped";
      this.start(process.version, process.unit);
    }
    if (this.living.length === 0) this.startMain();
  }

  /** Everything works from now on; the operator stops old agents. Runs until nothing is open. */
  settle(): void {
    for (let round = 0; round < 400; round += 1) {
      this.supervise();
      for (const process of this.living) this.give(process, { kind: "link", up: true });
      this.deliverDesired();
      for (const process of this.living)
        while (process.alive && process.work.length > 0) this.succeed(process);
      this.tick(500);
      for (const process of this.living) this.beat(process);
      const old = this.living.find(
        ({ state }) => state.upgrade?.at.step === "cutover-ready" && state.watch.seen !== null,
      );
      if (old !== undefined && this.living.length > 1 && old.state.watch.candidate === null) this.stop();
      this.answerProbes();
      this.acknowledge();
      const quiet = this.living.every(({ state, work }) => state.upgrade === null && work.length === 0);
      if (quiet && this.living.length === 1 && this.marker === null) return;
    }
    throw new Error(
      `did not settle: ${JSON.stringify(this.marker)} ${this.living.map((p) => p.version).join()}`,
    );
  }

  terminals(upgradeId: UpgradeId): Written[] {
    return this.events.filter((event) => event.upgradeId === upgradeId && isTerminal(event));
  }

  types(): string[] {
    return this.events.map(({ body }) => body.type);
  }
}
