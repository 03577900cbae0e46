// The operator: projector, observer and coordinator (spec §5).
export type { Clock } from "./clock.ts";
export { Coordinator } from "./coordinator/coordinator.ts";
export type { WithheldStop } from "./coordinator/withheld-stop.ts";
export { WITHHELD_REASONS, type WithheldReason } from "./coordinator/core/withheld.ts";
export {
  type Operator,
  type OperatorHealth,
  type OperatorOptions,
  OPERATOR_ROLES,
  type OperatorRole,
  startOperator,
} from "./start-operator.ts";
export { type Projector, type ProjectorOptions, startProjector } from "./projector/projector.ts";
export { completeSettings, DEFAULT_OPERATOR_SETTINGS, type OperatorSettings } from "./settings.ts";
