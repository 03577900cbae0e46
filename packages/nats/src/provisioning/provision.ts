import type { NatsConnection } from "@nats-io/transport-node";

import { LEDGER_STREAM } from "@upgrade-ledger/contract";

import type { JsonObject } from "../json.ts";
import { compareConfig } from "./compare.ts";
import type { FieldDrift } from "./compare.ts";
import { readDefinitions } from "./definitions.ts";
import type { StreamDefinition } from "./definitions.ts";
import { createStream, streamConfig, updateStream } from "./jetstream-api.ts";
import { judge, objections } from "./rules.ts";
import type { Objection } from "./rules.ts";

export interface ProvisionOptions {
  /** Copies of each stream: 1, or 3 in a cluster. Default 1. */
  readonly replicas?: 1 | 3;
  /** Room reserved for the ledger, bytes. Default: what the stream has. */
  readonly ledgerMaxBytes?: number;
  /** The same where there is no ledger yet. Default: the definition's, 8 GiB. */
  readonly newLedgerMaxBytes?: number;
  /** Default: {@link readDefinitions} of the project's `streams/`. */
  readonly definitions?: readonly StreamDefinition[];
  /** Say what would be done, and do nothing. */
  readonly dryRun?: boolean;
}

/** What provisioning found and did. Field lists are sorted by stream. */
export interface ProvisionReport {
  readonly created: readonly string[];
  readonly unchanged: readonly string[];
  /** Differences that are left alone: a person must decide. */
  readonly drifted: readonly FieldDrift[];
  /** Differences that were removed. */
  readonly updated: readonly FieldDrift[];
  /** What would weaken the ledger. Never empty together with a change: see {@link ProvisionRefusedError}. */
  readonly refused: readonly Objection[];
}

/** Thrown when anything would weaken the ledger. Nothing at all has been changed then. */
export class ProvisionRefusedError extends Error {
  override readonly name = "ProvisionRefusedError";
  readonly report: ProvisionReport;

  constructor(report: ProvisionReport) {
    const lines = report.refused.map(({ stream, field, reason }) => `  ${stream}.${field}: ${reason}`);
    super(`Refused, because it would weaken the ledger. Nothing was changed.\n${lines.join("\n")}`);
    this.report = report;
  }
}

interface Plan {
  readonly create: JsonObject[];
  readonly update: JsonObject[];
  readonly report: {
    created: string[];
    unchanged: string[];
    drifted: FieldDrift[];
    updated: FieldDrift[];
    refused: Objection[];
  };
}

/**
 * Brings the streams, buckets and the object store of spec §3.1 to their definitions: creates what is missing,
 * updates what is safe, reports every other difference. Idempotent. Needs the `provisioning` role.
 *
 * @throws ProvisionRefusedError when a definition would weaken the ledger
 * @throws JetStreamApiError when the server refuses (no room for what is reserved, too few nodes for the replicas)
 */
export async function provision(
  connection: NatsConnection,
  options: ProvisionOptions = {},
): Promise<ProvisionReport> {
  const definitions = options.definitions ?? (await readDefinitions());
  const plan: Plan = {
    create: [],
    update: [],
    report: { created: [], unchanged: [], drifted: [], updated: [], refused: [] },
  };
  for (const { name, config } of definitions) {
    const actual = await streamConfig(connection, name);
    planStream(plan, name, wantedConfig(config, actual, options), actual);
  }
  if (plan.report.refused.length > 0) throw new ProvisionRefusedError(plan.report);
  if (options.dryRun) return plan.report;
  for (const config of plan.create) await createStream(connection, config);
  for (const config of plan.update) await updateStream(connection, config);
  return plan.report;
}

function planStream(plan: Plan, name: string, wanted: JsonObject, actual: JsonObject | undefined): void {
  const { report } = plan;
  report.refused.push(...objections(name, wanted));
  if (actual === undefined) {
    plan.create.push(wanted);
    report.created.push(name);
    return;
  }
  const differences = compareConfig(name, actual, wanted);
  if (differences.length === 0) {
    report.unchanged.push(name);
    return;
  }
  const updates: FieldDrift[] = [];
  // The server can't change how a stream persists, and has no copies of one that does so asynchronously.
  const staysSingle = differences.some(({ field }) => field === "persist_mode");
  for (const difference of differences) {
    const verdict = staysSingle && difference.field === "num_replicas" ? "report" : judge(difference);
    if (verdict === "update") updates.push(difference);
    else if (verdict === "report") report.drifted.push(difference);
    else report.refused.push({ stream: name, field: difference.field, reason: weakening(difference) });
  }
  report.updated.push(...updates);
  if (updates.length > 0) {
    plan.update.push({
      ...actual,
      ...Object.fromEntries(updates.map(({ field, wanted: value }) => [field, value])),
    });
  }
}

function weakening({ actual, wanted }: FieldDrift): string {
  return `${JSON.stringify(actual)} would become ${JSON.stringify(wanted)}`;
}

/** The definition with the settings of this installation. */
function wantedConfig(
  config: JsonObject,
  actual: JsonObject | undefined,
  options: ProvisionOptions,
): JsonObject {
  const replicas = options.replicas ?? 1;
  const wanted: JsonObject = { ...config, num_replicas: replicas };
  // Asynchronous persistence exists for single copies only; with three the copies are the safety.
  if (replicas > 1) delete wanted["persist_mode"];
  if (config["name"] === LEDGER_STREAM) {
    wanted["max_bytes"] =
      options.ledgerMaxBytes ?? actual?.["max_bytes"] ?? options.newLedgerMaxBytes ?? config["max_bytes"];
  }
  return wanted;
}
