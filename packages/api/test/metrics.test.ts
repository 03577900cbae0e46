// `npx vitest run packages/api -u` writes docs/metrics.md anew.
import { waitFor } from "@upgrade-ledger/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seenDevice, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await seenDevice(world, "pi-1", "0.1.1");
  await world.get("/v1/devices/pi-1");
  await world.get("/v1/devices/unknown-device");
});
afterAll(() => world.stop());

interface Metric {
  readonly help: string;
  readonly type: string;
  readonly samples: Map<string, number>;
}

const SAMPLE =
  /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (NaN|[+-]Inf|-?[\d.e+-]+)$/i;

/** Reads the text format; throws at a line that is none of it, and at a sample without a type. */
function parse(text: string): Map<string, Metric> {
  const metrics = new Map<string, Metric>();
  const helps = new Map<string, string>();
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, kind, name = "", rest = ""] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") helps.set(name, rest);
    else if (kind === "TYPE")
      metrics.set(name, { help: helps.get(name) ?? "", type: rest, samples: new Map() });
    else readSample(line, metrics);
  }
  return metrics;
}

function readSample(line: string, metrics: ReadonlyMap<string, Metric>): void {
  const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
  const metric = metrics.get(name) ?? metrics.get(name.replace(/_(bucket|sum|count)$/, ""));
  if (metric === undefined) throw new Error(`no metric: ${line}`);
  if (metric.samples.has(`${name}{${labels}}`)) throw new Error(`twice: ${line}`);
  metric.samples.set(`${name}{${labels}}`, Number(value));
}

const isOurs = (name: string): boolean => name.startsWith("ledger_") || name.startsWith("http_");

describe("GET /metrics", () => {
  it("can be parsed, and names no device", async () => {
    const { status, headers, text } = await world.get("/metrics");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const metrics = parse(text);
    for (const { help, samples } of metrics.values()) {
      expect(help).not.toBe("");
      for (const value of samples.values()) expect(Number.isNaN(value)).toBe(false);
    }
    expect([...metrics.keys()]).toEqual(expect.arrayContaining(["process_cpu_user_seconds_total"]));
    expect(text).not.toContain("pi-1");
  });

  it("counts the fleet, the ledger and the requests", async () => {
    await world.caughtUp();
    const metrics = await waitFor(
      async () => {
        const found = parse((await world.get("/metrics")).text);
        return found.get("ledger_devices")?.samples.get('ledger_devices{version="0.1.1"}') === 1 && found;
      },
      { describe: "the device to be counted" },
    );
    const value = (name: string, labels = ""): number | undefined =>
      metrics.get(name.replace(/_count$/, ""))?.samples.get(`${name}{${labels}}`);
    expect(value("ledger_nats_connected")).toBe(1);
    expect(value("ledger_projection_lag_events", 'projection="device"')).toBe(0);
    expect(value("ledger_stream_last_seq")).toBeGreaterThan(0);
    expect(value("ledger_devices_by_status", 'status="up-to-date"')).toBe(1);
    expect(value("ledger_anomalies_total", 'kind="gap"')).toBe(0);
    expect(value("ledger_stops_issued_total")).toBe(3);
    expect(value("ledger_stops_withheld", 'reason="soaking"')).toBe(2);
    expect(value("ledger_heartbeats_total")).toBe(17);
    const request = 'method="GET",route="/v1/devices/:device_id"';
    expect(value("http_request_duration_seconds_count", `${request},status="404"`)).toBeGreaterThan(0);
  });
});

describe("docs/metrics.md", () => {
  it("lists what there is", async () => {
    const metrics = parse((await world.get("/metrics")).text);
    const rows = [...metrics].filter(([name]) => isOurs(name)).toSorted(([a], [b]) => (a < b ? -1 : 1));
    const table = tableOf([
      ["metric", "type", "labels", "meaning"],
      ...rows.map(([name, metric]) => [`\`${name}\``, metric.type, labelsOf(metric), metric.help]),
    ]);
    await expect(`${INTRODUCTION}\n${table}\n`).toMatchFileSnapshot("../../../docs/metrics.md");
  });
});

/** A Markdown table as the formatter lays it out. The first row is its head. */
function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = "", ...lines] = rows.map(
    (row) => `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width)).join(" | ")} |`,
  );
  return [head, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines].join("\n");
}

/** The labels of its samples; the world has some of every metric. */
function labelsOf({ samples }: Metric): string {
  const names = [...samples.keys()].flatMap((key) =>
    [...key.matchAll(/([a-z_]+)="/g)].map(([, name]) => name),
  );
  return [...new Set(names)]
    .filter((name) => name !== "le")
    .map((name) => `\`${name}\``)
    .join(", ");
}

const INTRODUCTION = `# Metrics

\`GET /metrics\` answers in the text format of Prometheus. No label holds a device's id. Counters of events and anomalies tell
what the ledger holds, and so survive a restart; those of stops and heartbeats count since this process began, and are there
only where the operator runs in the same process. Besides these there are the usual \`process_*\` and \`nodejs_*\`.

This table is made from the metrics themselves; a test compares the two.
`;
