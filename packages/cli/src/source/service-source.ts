import { ReplayStep, UpgradeSummary, VersionInterval } from "@upgrade-ledger/api/schema";
import type { ApiClient } from "../client/api-client.ts";
import { asOfQueryOf } from "../commands/as-of-options.ts";
import { Attempt, type HistorySource } from "./history-source.ts";

const pathOf = (device: string): string => `/v1/devices/${encodeURIComponent(device)}`;

/** The past as a running service tells it. */
export function serviceSource(api: ApiClient): HistorySource {
  return {
    versions: (device, asOf) => api.list(VersionInterval, `${pathOf(device)}/versions`, asOfQueryOf(asOf)),
    upgrades: (device, asOf) => api.list(UpgradeSummary, `${pathOf(device)}/upgrades`, asOfQueryOf(asOf)),
    replay: (device, { upgrade, from, to }) =>
      api.list(ReplayStep, `${pathOf(device)}/replay`, { upgrade_id: upgrade, from_seq: from, to_seq: to }),
    stepAt: async (device, seq) => {
      const query = { as_of_seq: seq, order: "desc" };
      const [step] = await api.list(ReplayStep, `${pathOf(device)}/replay`, query, 1);
      return step;
    },
    attempt: (upgrade) => api.ask(Attempt, `/v1/upgrades/${encodeURIComponent(upgrade)}`),
  };
}
