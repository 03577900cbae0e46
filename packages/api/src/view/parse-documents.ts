// The wire boundary to the projector: documents in the form of its folds. Only the projector may write them (spec §8).
import type {
  CatalogueDocument,
  DeviceDocument,
  EventPage,
  HistoryDocument,
  OlderPage,
  QuarantineDocument,
  UpgradeRecord,
} from "@upgrade-ledger/projections";

const decoder = new TextDecoder();

export const parseDocument = {
  device: (data: Uint8Array): DeviceDocument => JSON.parse(decoder.decode(data)),
  history: (data: Uint8Array): HistoryDocument => JSON.parse(decoder.decode(data)),
  record: (data: Uint8Array): UpgradeRecord => JSON.parse(decoder.decode(data)),
  events: (data: Uint8Array): EventPage => JSON.parse(decoder.decode(data)),
  older: (data: Uint8Array): OlderPage => JSON.parse(decoder.decode(data)),
  catalogue: (data: Uint8Array): CatalogueDocument => JSON.parse(decoder.decode(data)),
  quarantine: (data: Uint8Array): QuarantineDocument => JSON.parse(decoder.decode(data)),
} as const;
