// The plot: who is asked for what, and how it must end. Everything here is checked afterwards (checks.ts).

export const FIRST_VERSION = "0.1.1";

export type Ending =
  | { readonly outcome: "done" }
  | {
      readonly outcome: "failed";
      readonly reasonCode: string;
      readonly reverted: boolean;
      /** Whether the new version's process was started, so that both were alive together. */
      readonly bothAlive: boolean;
    };

export interface Ask {
  readonly version: string;
  readonly reason: string;
  readonly ending: Ending;
}

export interface Part {
  readonly deviceId: string;
  readonly title: string;
  readonly asks: readonly Ask[];
  readonly finalVersion: string;
}

const good: Ask = { version: "0.1.2", reason: "roll out 0.1.2", ending: { outcome: "done" } };

export const STORY: readonly Part[] = [
  { deviceId: "pi-0001", title: "a good version", asks: [good], finalVersion: "0.1.2" },
  { deviceId: "pi-0002", title: "a good version", asks: [good], finalVersion: "0.1.2" },
  {
    deviceId: "pi-0003",
    title: "a version whose self-test fails",
    asks: [
      {
        version: "0.1.3",
        reason: "try 0.1.3",
        ending: { outcome: "failed", reasonCode: "self_test_failed", reverted: false, bothAlive: false },
      },
    ],
    finalVersion: FIRST_VERSION,
  },
  {
    deviceId: "pi-0004",
    title: "a version that starts and never sends a heartbeat",
    asks: [
      {
        version: "0.1.4",
        reason: "try 0.1.4",
        ending: { outcome: "failed", reasonCode: "heartbeat_timeout", reverted: true, bothAlive: true },
      },
    ],
    finalVersion: FIRST_VERSION,
  },
  {
    deviceId: "pi-0005",
    title: "a good version, then back again (reverse rollout)",
    asks: [good, { version: FIRST_VERSION, reason: "go back to 0.1.1", ending: { outcome: "done" } }],
    finalVersion: FIRST_VERSION,
  },
];

/** The versions that are published before the story begins; 0.1.3 and 0.1.4 are broken on purpose (demo/agents/). */
export const PUBLISHED = [
  { version: "0.1.2", entry: undefined },
  { version: "0.1.3", entry: "demo/agents/self-test-fails.ts" },
  { version: "0.1.4", entry: "demo/agents/never-heartbeats.ts" },
] as const;

/** Small, so that the story is told in a minute; everywhere else the defaults of the specification hold. */
export const TIMINGS = {
  heartbeatIntervalMs: 500,
  heartbeatTimeoutMs: 8_000,
  soakMs: 3_000,
  stopDeadlineMs: 10_000,
} as const;
