// Ledgers that nobody would write, with every event at every time, repeats, gaps, unknown types and garbage.
import { EVENT_TYPES, type EventType } from "@upgrade-ledger/contract";
import * as fc from "fast-check";
import { artifactOf, author, nextId, Story, type StoredLine } from "./story.ts";

const VERSIONS = ["0.1.1", "0.1.2", "0.1.2+sha.9f", "0.2.0-rc.1"];

type Ingredient =
  | {
      kind: "event";
      type: EventType;
      writer: number;
      upgrade: number;
      version: number;
      sequence: number | null;
      sameId: boolean;
    }
  | { kind: "foreign"; phase: string; error: string | null }
  | { kind: "garbage"; data: string }
  | { kind: "repeat"; index: number };

const small = fc.nat({ max: 5 });
const ingredient: fc.Arbitrary<Ingredient> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("event" as const),
      type: fc.constantFrom(...EVENT_TYPES),
      writer: small,
      upgrade: small,
      version: fc.nat({ max: VERSIONS.length - 1 }),
      sequence: fc.option(fc.integer({ min: 1, max: 12 }), { freq: 4 }),
      sameId: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("foreign" as const),
      phase: fc.constantFrom(
        "draining",
        "staging",
        "verifying",
        "cutover-ready",
        "stopping",
        "done",
        "failed",
        "dancing",
      ),
      error: fc.option(fc.string()),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("garbage" as const),
      data: fc.oneof(fc.string(), fc.json(), fc.constant('{"schema_version":9,"type":"draining"}')),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("repeat" as const), index: fc.nat() }) },
);

/** Any ledger of one device. */
export function anyLedger(maxLength = 60): fc.Arbitrary<StoredLine[]> {
  return fc.array(ingredient, { minLength: 1, maxLength }).map(cook);
}

function cook(ingredients: readonly Ingredient[]): StoredLine[] {
  const story = new Story();
  const agents = [0, 1, 2].map(() => author("agent", "0.1.1"));
  const writers = [...agents, story.operator, story.observer, story.api];
  const upgrades = Array.from({ length: 6 }, () => nextId());
  for (const item of ingredients) {
    switch (item.kind) {
      case "event": {
        const writer = writers[item.writer] ?? story.api;
        const version = VERSIONS[item.version] ?? "0.1.1";
        const upgradeId = upgrades[item.upgrade];
        story.tell(writer, item.type, fieldsFor(item.type, version, agents[item.writer % 3]?.instance_id), {
          upgradeId,
          ...(item.sameId && upgradeId !== undefined ? { eventId: upgradeId } : {}),
          ...(item.sequence === null ? {} : { sequence: item.sequence }),
        });
        break;
      }
      case "foreign":
        story.foreign({ phase: item.phase, last_error: item.error });
        break;
      case "garbage":
        story.store("device-state.pi-0042.upgrade", item.data);
        break;
      case "repeat":
        if (story.seq > 0) story.repeat((item.index % story.seq) + 1);
        break;
    }
  }
  return story.lines;
}

function fieldsFor(
  type: EventType,
  version: string,
  instanceId: string | undefined,
): Record<string, unknown> {
  const bare = version.replace(/\+.*/, "");
  switch (type) {
    case "desired-version":
      return { desired_version: version === "0.2.0-rc.1" ? null : bare };
    case "agent-observed":
    case "agent-silent":
      return { instance_id: instanceId, current_version: version };
    case "done":
    case "reverted":
      return { to_version: version };
    case "artifact-published":
      return { artifact: artifactOf(bare) };
    case "upgrade-scheduled":
      return { desired_version: bare };
    case "started":
    case "draining":
    case "staging":
    case "verifying":
    case "cutover-ready":
    case "stopping":
    case "stop-refused":
    case "failed":
    case "superseded":
    case "upgrade-stop":
    case "stalled":
    case "schedule-ended":
    case "enrolled":
    case "revoked":
      return {};
  }
}
