// The wire boundary to the projector: documents in the form of its folds. Only the projector may write them (spec §8).
import type { CatalogueDocument, DeviceDocument, QuarantineDocument } from "@upgrade-ledger/projections";

const decoder = new TextDecoder();

export const parseDocument = {
  device: (data: Uint8Array): DeviceDocument => JSON.parse(decoder.decode(data)),
  catalogue: (data: Uint8Array): CatalogueDocument => JSON.parse(decoder.decode(data)),
  quarantine: (data: Uint8Array): QuarantineDocument => JSON.parse(decoder.decode(data)),
} as const;
