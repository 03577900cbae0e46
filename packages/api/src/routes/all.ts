import type { App } from "../app/create-app.ts";
import { keepFresh } from "../app/freshness.ts";
import type { ApiContext } from "../context.ts";
import { artifactContentRoutes } from "./artifact-content.ts";
import { artifactRoutes } from "./artifacts.ts";
import { desiredVersionRoute } from "./desired-version.ts";
import { deviceEventsRoute } from "./device-events.ts";
import { deviceHistoryRoutes } from "./device-history.ts";
import { deviceListRoute } from "./device-list.ts";
import { deviceRoute } from "./device.ts";
import { enrolmentRoute } from "./enrolment.ts";
import { eventStreamRoute } from "./event-stream.ts";
import { eventRoutes } from "./events.ts";
import { exportRoute } from "./export.ts";
import { fleetRoute } from "./fleet.ts";
import { quarantineRoute } from "./quarantine.ts";
import { replayRoute } from "./replay.ts";
import { upgradeRoute } from "./upgrade.ts";

const ROUTES = [
  deviceListRoute,
  deviceRoute,
  deviceHistoryRoutes,
  deviceEventsRoute,
  replayRoute,
  desiredVersionRoute,
  enrolmentRoute,
  upgradeRoute,
  fleetRoute,
  artifactRoutes,
  artifactContentRoutes,
  eventRoutes,
  eventStreamRoute,
  exportRoute,
  quarantineRoute,
];

/** Everything under `/v1`. */
export async function registerRoutes(app: App, context: ApiContext): Promise<void> {
  await app.register(async (scope) => {
    keepFresh(scope, context);
    for (const register of ROUTES) register(scope, context);
  });
}
