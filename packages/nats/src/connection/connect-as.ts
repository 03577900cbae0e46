import { connect, nkeyAuthenticator, usernamePasswordAuthenticator } from "@nats-io/transport-node";
import type { Authenticator, NatsConnection } from "@nats-io/transport-node";

import type { Role } from "./roles.ts";

/** A static user of the LEDGER (or SYS) account. */
export interface RoleIdentity {
  readonly role: Role;
  readonly password: string;
}

/** A device: an NKey user of the DEVICES account. */
export interface DeviceIdentity {
  readonly deviceId: string;
  /** The user NKey's seed, `SU…`. */
  readonly seed: string;
}

export interface ConnectOptions {
  /** `nats://host:port`, or several separated by commas (a cluster). */
  readonly url: string;
  readonly as: RoleIdentity | DeviceIdentity;
  /** Shown in the server's list of connections; default: the role or `agent <device_id>`. */
  readonly name?: string;
  /** Keep trying when no server answers yet, instead of failing. Default false. */
  readonly waitOnFirstConnect?: boolean;
  /** Time for one connection attempt, milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * The one way in which this project connects: the inbox prefix that the identity's permissions allow,
 * reconnecting for ever (250 ms and up to 1 s of jitter, so that a fleet does not come back in step),
 * and no asynchronous stack traces, which make `js.publish` a third cheaper.
 *
 * @throws the client's errors: refused credentials (`AuthorizationError`), nobody listening (`ConnectionError`).
 */
export async function connectAs(options: ConnectOptions): Promise<NatsConnection> {
  const { as: identity } = options;
  return connect({
    servers: options.url.split(",").map((server) => server.trim()),
    name: options.name ?? ("role" in identity ? identity.role : `agent ${identity.deviceId}`),
    authenticator: authenticator(identity),
    inboxPrefix: inboxPrefix(identity),
    noAsyncTraces: true,
    ignoreClusterUpdates: false,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 1_000,
    reconnectJitterTLS: 1_000,
    // While devices are being registered or a callout restarts, a refusal is not final.
    ignoreAuthErrorAbort: true,
    waitOnFirstConnect: options.waitOnFirstConnect ?? false,
    timeout: options.timeoutMs ?? 5_000,
    pingInterval: 10_000,
    maxPingOut: 3,
  });
}

/** Subjects below this prefix are the only inboxes that the server lets the identity subscribe. */
export function inboxPrefix(identity: RoleIdentity | DeviceIdentity): string {
  return `_INBOX_${"role" in identity ? identity.role : identity.deviceId}`;
}

function authenticator(identity: RoleIdentity | DeviceIdentity): Authenticator {
  if ("role" in identity) return usernamePasswordAuthenticator(identity.role, identity.password);
  return nkeyAuthenticator(new TextEncoder().encode(identity.seed));
}
