export { type Entry, entryOf, mayTakeOver } from "./entry.ts";
export { type Effect, type EventDraft } from "./effect.ts";
export {
  type BootFacts,
  type Desired,
  type Happening,
  type History,
  type Input,
  type OwnLast,
  type ProbeAnswer,
  type Stop,
  type WorkResult,
} from "./input.ts";
export { Attempts, Marker, MARKER_SCHEMA, TakenBack, type Upgrade } from "./marker.ts";
export { type Self, type Settings, transientUnit } from "./settings.ts";
export { initialState, isNewInstance, type State } from "./state.ts";
export { step } from "./step.ts";
export { terminalEventId } from "./transition.ts";
export { type View, view } from "./view.ts";
