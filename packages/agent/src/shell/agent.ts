// One agent process, put together: the procedure in the middle; files, processes and the broker around it.
import { rm } from "node:fs/promises";
import type { Server } from "node:net";
import { type ReadHeartbeat, subjects } from "@upgrade-ledger/contract";
import { type Ledger, ledgerOf, signerOf } from "@upgrade-ledger/ledger";
import type { Logger } from "pino";
import { type Effect, type Happening, initialState, type State, view, type View } from "../core/index.ts";
import { Commands } from "../link/commands.ts";
import { Heartbeats } from "../link/heartbeats.ts";
import { Link } from "../link/link.ts";
import { Deliverer } from "../outbox/deliver.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { serveStatus, socketPath } from "../socket/status-socket.ts";
import { monotonicMs } from "../supervisor/process-identity.ts";
import { ActiveRole } from "./active-role.ts";
import { Clocks } from "./clocks.ts";
import { DeviceInfoKeeper } from "./device-info-keeper.ts";
import { DriverSeat } from "./driver-seat.ts";
import { End } from "./end.ts";
import { deliverLastWords } from "./last-words.ts";
import { Loop } from "./loop.ts";
import { probe } from "./probe.ts";
import { recall } from "./recall.ts";
import type { Setup } from "./setup.ts";
import { Work } from "./work.ts";
import { WorkloadKeeper } from "./workload-keeper.ts";

export class Agent {
  readonly #setup: Setup;
  readonly #log: Logger;
  readonly #outbox: Outbox;
  readonly #loop: Loop;
  readonly #link: Link;
  readonly #commands: Commands;
  readonly #heartbeats: Heartbeats;
  readonly #deliverer: Deliverer;
  readonly #role: ActiveRole;
  readonly #clocks: Clocks;
  readonly #workloads: WorkloadKeeper;
  readonly #info: DeviceInfoKeeper;
  readonly #work: Work;
  readonly #seat: DriverSeat;
  readonly #end = new End();
  /** Settles with the exit code when this process is to end. */
  readonly ended: Promise<number>;
  #socket: Server | undefined;

  constructor(setup: Setup, outbox: Outbox) {
    this.#setup = setup;
    this.#log = setup.log;
    this.#outbox = outbox;
    this.ended = this.#end.code;
    this.#loop = this.#makeLoop();
    this.#link = this.#makeLink();
    this.#commands = new Commands({
      deviceId: setup.self.deviceId,
      now: monotonicMs,
      log: this.#log,
      onCommand: (command) => this.#loop.give(command),
    });
    this.#heartbeats = this.#makeHeartbeats();
    this.#deliverer = this.#makeDeliverer();
    this.#role = new ActiveRole({
      lockPath: setup.paths.roleLock,
      workloads: () => this.#workloads,
      info: () => this.#info,
      log: this.#log,
    });
    this.#clocks = new Clocks({
      busy: () => this.#view.busy,
      onTick: () => this.#loop.give({ kind: "tick" }),
      rereadMs: setup.config.link.reread_interval_ms,
      onReread: () => {
        if (this.#link.isUp) void this.#recall().then(() => this.#commands.reread());
      },
    });
    this.#workloads = this.#makeWorkloads();
    this.#info = new DeviceInfoKeeper({ setup, connection: () => this.#link.connection });
    this.#work = this.#makeWork();
    this.#seat = new DriverSeat({ setup, outbox, give: (happening) => this.#loop.give(happening) });
  }

  get #view(): View {
    return view(this.#loop.state);
  }

  /** Takes the procedure up where the marker says, and starts everything else. Answers when the socket is served. */
  async start(): Promise<void> {
    const { self, config, boot } = this.#setup;
    this.#socket = await serveStatus(config.state_dir, self.instanceId, () => this.#status());
    this.#loop.give({ kind: "boot", facts: boot });
    this.#heartbeats.start();
    await this.#workloads.start();
    this.#link.start();
    this.#clocks.start();
  }

  /** Ends this process cleanly, as SIGTERM asks: it means nothing for an upgrade, which goes on after the next start. */
  async shutDown(code = 0): Promise<void> {
    this.#loop.stop();
    this.#clocks.stop();
    this.#heartbeats.stop();
    this.#workloads.close();
    this.#work.cancel();
    this.#deliverer.close();
    await this.#link.close();
    this.#socket?.close();
    await rm(socketPath(this.#setup.config.state_dir, this.#setup.self.instanceId), { force: true });
    this.#end.set(code);
  }

  #makeLoop(): Loop {
    const { config, self, store, settings } = this.#setup;
    return new Loop({
      initial: initialState(settings, self),
      now: () => ({ wallMs: Date.now(), monoMs: monotonicMs() }),
      log: this.#log,
      write: (effect) =>
        effect.do === "persist"
          ? store.write(effect.upgrade, effect.attempts)
          : this.#outbox.append(effect.draft, effect.eventId),
      start: (effect) => this.#start(effect),
      onState: (state) => this.#onState(state),
      ...(config.log.level === "trace"
        ? { onStep: (happening: Happening, effects: readonly Effect[]) => this.#trace(happening, effects) }
        : {}),
    });
  }

  #makeLink(): Link {
    const { config, self, seed } = this.#setup;
    return new Link({
      url: config.nats.url,
      deviceId: self.deviceId,
      seed,
      name: `agent ${self.deviceId} ${self.version}`,
      log: this.#log,
      onConnection: (nc) => {
        this.#commands.attach(nc);
        this.#heartbeats.attach(nc);
        this.#workloads.attach(nc);
      },
      onUp: (up) => void this.#onLink(up),
    });
  }

  #makeHeartbeats(): Heartbeats {
    const { config, self } = this.#setup;
    return new Heartbeats({
      deviceId: self.deviceId,
      instanceId: self.instanceId,
      version: self.version,
      intervalMs: config.heartbeat.interval_ms,
      connection: () => this.#link.connection,
      view: () => this.#view,
      progress: () => this.#work.progress,
      onOther: (heartbeat) => this.#onOther(heartbeat),
    });
  }

  #makeDeliverer(): Deliverer {
    const { self, seed } = this.#setup;
    return new Deliverer({
      outbox: this.#outbox,
      subject: subjects.deviceState(self.deviceId),
      sign: signerOf(seed).sign,
      log: this.#log,
      append: async (event) => this.#ledger().appendEncoded(event),
      appendBatch: async (events) => (await this.#ledger().appendBatch(events)).kind === "stored",
      onAcknowledged: (eventId) => this.#loop.give({ kind: "acknowledged", eventId }),
    });
  }

  #ledger(): Ledger {
    const nc = this.#link.connection;
    if (nc === null) throw new Error("the link to the broker is down");
    return ledgerOf(nc);
  }

  #makeWorkloads(): WorkloadKeeper {
    const { config, self, runtime } = this.#setup;
    return new WorkloadKeeper({
      stateDir: config.state_dir,
      deviceId: self.deviceId,
      instanceId: self.instanceId,
      runtime,
      intervalMs: config.workloads.interval_ms,
      connection: () => this.#link.connection,
      isActive: () => this.#role.held && this.#view.wantsLock,
      mayStart: () => this.#view.mayStart,
      log: this.#log,
    });
  }

  #makeWork(): Work {
    const { layout, supervisor, config, configPath, selfPath, self, wasActive } = this.#setup;
    return new Work({
      layout,
      supervisor,
      trustedKeys: config.upgrade.trusted_keys,
      configPath,
      selfPath,
      selfVersion: self.version,
      connection: () => this.#link.connection,
      wasActive,
      inFlight: () => this.#workloads.inFlight,
      drained: (signal) => this.#workloads.drained(signal),
      give: (happening) => this.#loop.give(happening),
    });
  }

  #start(effect: Exclude<Effect, { do: "persist" | "publish" }>): void {
    switch (effect.do) {
      case "drain":
      case "stage":
      case "self-test":
      case "adopt":
      case "swap":
      case "start-unit":
      case "stop-unit":
      case "check-unit":
        return this.#work.start(effect);
      case "cancel":
        return this.#work.cancel();
      case "check-old":
        return this.#seat.check(effect.instanceId);
      case "probe":
        return void this.#probe(effect);
      case "exit":
        return void this.#exit(effect);
    }
  }

  async #probe({ instanceId, stopEventId }: Extract<Effect, { do: "probe" }>): Promise<void> {
    const answer = await probe(this.#setup.config.state_dir, instanceId);
    this.#loop.give({ kind: "probed", stopEventId, answer });
  }

  /** Delivers what it can until shortly before the deadline, then ends; whatever hangs, it ends at the deadline. */
  async #exit({ byMs, because }: Extract<Effect, { do: "exit" }>): Promise<void> {
    this.#log.info({ because }, because === "stopped" ? "told to stop" : "not needed any more");
    this.#loop.stop();
    setTimeout(() => this.#end.set(0), Math.max(0, byMs - monotonicMs()));
    this.#heartbeats.sendIfChanged();
    this.#workloads.close();
    await deliverLastWords(this.#link, this.#deliverer, byMs);
    await this.shutDown();
  }

  #onState(state: State): void {
    this.#heartbeats.sendIfChanged();
    void this.#role.settle(view(state).wantsLock);
  }

  async #onLink(up: boolean): Promise<void> {
    this.#loop.give({ kind: "link", up });
    this.#deliverer.setEnabled(false);
    if (!up) return this.#commands.onDown();
    this.#heartbeats.send();
    // Before anything of this process is delivered: what it delivers would be the device's last event.
    await this.#recall();
    this.#deliverer.setEnabled(this.#link.isUp);
    void this.#commands.onUp();
    await this.#role.catchUp();
  }

  #recall(): Promise<void> {
    return recall(this.#link.connection, this.#loop, this.#setup);
  }

  #onOther({ instance_id, current_version, agent_state, upgrade_id }: ReadHeartbeat): void {
    this.#loop.give({
      kind: "heartbeat",
      instanceId: instance_id,
      version: current_version,
      agentState: agent_state,
      upgradeId: upgrade_id,
    });
  }

  #status() {
    const { self } = this.#setup;
    const { agentState, upgradeId } = this.#view;
    return {
      instance_id: self.instanceId,
      version: self.version,
      agent_state: agentState,
      connected: this.#link.isUp,
      upgrade_id: upgradeId,
      pid: process.pid,
      active: this.#role.held,
    };
  }

  #trace(happening: Happening, effects: readonly Effect[]): void {
    if (happening.kind !== "tick" || effects.length > 0) this.#log.trace({ happening, effects }, "step");
  }
}
