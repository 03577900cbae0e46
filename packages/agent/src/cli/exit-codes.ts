/** What a `fleet-agent` process ends with (docs/agent.md). */
export const EXIT = {
  /** Done, told to stop by the operator, ended by SIGTERM, or not needed beside a live agent in a cutover. */
  ok: 0,
  /** Something went wrong; a supervisor starts it again. */
  failed: 1,
  /** The configuration or the command line cannot be used. */
  usage: 2,
  /** Another agent is alive on this device. */
  alreadyRunning: 4,
} as const;
