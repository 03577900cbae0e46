// The channels of the AsyncAPI document: each subject, what is said on it, and by whom (spec §3.1, §3.2).
import { AGENT_EVENTS } from "../events/agent.ts";
import type { EventType } from "../events/event.ts";
import { eventFile } from "./json-schema.ts";
import { keys } from "../documents.ts";
import { BUCKETS, subjects } from "../subjects.ts";

export interface Channel {
  readonly name: string;
  /** The NATS subject, with parameters in braces. */
  readonly address: string;
  readonly description: string;
  /** Who publishes: roles of `writer.role`, or `broker` for what it republishes. */
  readonly publishers: readonly string[];
  /** Who listens or reads. */
  readonly subscribers: readonly string[];
  /** Schema files of the messages. */
  readonly files: readonly string[];
}

const DEVICE = "{device_id}";
const events = (...types: EventType[]) => types.map(eventFile);
const key = (bucket: string, name: string) => `$KV.${bucket}.${name}`;

const LEDGER: readonly Channel[] = [
  {
    name: "deviceState",
    address: subjects.deviceState(DEVICE),
    description: "Each step of each upgrade, as the device's agents report it. Stored in the ledger.",
    publishers: ["agent"],
    subscribers: ["operator", "api"],
    files: [
      ...events(...AGENT_EVENTS.map((schema) => schema.shape.type.value)),
      "events/foreign.schema.json",
    ],
  },
  {
    name: "desiredVersion",
    address: subjects.command(DEVICE, "desired-version"),
    description:
      "Requests and cancellations. Stored in the ledger first, then republished as liveDesiredVersion.",
    publishers: ["api", "cli", "rollout"],
    subscribers: ["operator", "api", "agent"],
    files: events("desired-version"),
  },
  {
    name: "upgradeStop",
    address: subjects.command(DEVICE, "upgrade-stop"),
    description: "Stop signals. Stored in the ledger first, then republished as liveUpgradeStop.",
    publishers: ["coordinator"],
    subscribers: ["operator", "api", "agent"],
    files: events("upgrade-stop"),
  },
  {
    name: "observedAgent",
    address: subjects.observedAgent(DEVICE),
    description: "What the operator saw of a device's agents. Stored in the ledger.",
    publishers: ["observer"],
    subscribers: ["operator", "api"],
    files: events("agent-observed", "agent-silent"),
  },
  {
    name: "observedUpgrade",
    address: subjects.observedUpgrade(DEVICE),
    description: "What the operator saw of a device's open upgrade. Stored in the ledger.",
    publishers: ["observer"],
    subscribers: ["operator", "api"],
    files: events("stalled"),
  },
  {
    name: "schedule",
    address: subjects.schedule(DEVICE),
    description: "Upgrades asked for at a later time. Stored in the ledger.",
    publishers: ["api", "cli", "rollout"],
    subscribers: ["operator", "api"],
    files: events("upgrade-scheduled", "schedule-ended"),
  },
  {
    name: "identity",
    address: subjects.identity(DEVICE),
    description: "A device's keys. Stored in the ledger.",
    publishers: ["api", "cli"],
    subscribers: ["operator", "api"],
    files: events("enrolled", "revoked"),
  },
  {
    name: "artifact",
    address: subjects.artifact(),
    description: "The catalogue of versions. Stored in the ledger.",
    publishers: ["api", "cli"],
    subscribers: ["operator", "api"],
    files: events("artifact-published"),
  },
];

const live = (command: string) => subjects.deviceCommands(DEVICE).replace(">", command);

const LIVE: readonly Channel[] = [
  {
    name: "liveDesiredVersion",
    address: live("desired-version"),
    description: "A doorbell: the command of record is what a direct get of the ledger's subject answers.",
    publishers: ["broker"],
    subscribers: ["agent"],
    files: events("desired-version"),
  },
  {
    name: "liveUpgradeStop",
    address: live("upgrade-stop"),
    description: "A doorbell: the command of record is what a direct get of the ledger's subject answers.",
    publishers: ["broker"],
    subscribers: ["agent"],
    files: events("upgrade-stop"),
  },
  {
    name: "heartbeat",
    address: subjects.heartbeat(DEVICE, "{instance_id}"),
    description: "Each agent instance, every few seconds, in every state.",
    publishers: ["agent"],
    subscribers: ["operator", "api", "agent"],
    files: ["heartbeat.schema.json"],
  },
];

const DOCUMENTS: readonly Channel[] = [
  {
    name: "deviceInfo",
    address: key(BUCKETS.deviceInfo, keys.deviceInfo(DEVICE)),
    description: "Version, platform, labels and inventory of a device.",
    publishers: ["agent"],
    subscribers: ["operator", "api"],
    files: ["documents/device-info.schema.json"],
  },
  {
    name: "desiredInfo",
    address: key(BUCKETS.deviceInfo, keys.desiredInfo(DEVICE)),
    description: "The latest desired version, mirrored for readers of the ADR.",
    publishers: ["projector"],
    subscribers: ["agent"],
    files: ["documents/desired-info.schema.json"],
  },
  {
    name: "desiredState",
    address: key(BUCKETS.desiredState, DEVICE),
    description: "What should run on a device.",
    publishers: ["api"],
    subscribers: ["agent"],
    files: ["documents/desired-state.schema.json"],
  },
  {
    name: "workloadState",
    address: key(BUCKETS.workloadState, DEVICE),
    description: "What runs on a device.",
    publishers: ["agent"],
    subscribers: ["operator", "api"],
    files: ["documents/workload-state.schema.json"],
  },
];

export const CHANNELS: readonly Channel[] = [...LEDGER, ...LIVE, ...DOCUMENTS];
