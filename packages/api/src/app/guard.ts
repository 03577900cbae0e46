import type { FastifyRequest, onRequestHookHandler } from "fastify";
import { ApiProblem } from "../problem/problem.ts";

const LOOPBACK = new Set(["127.0.0.1", "localhost", "[::1]"]);

/**
 * Refuses requests that a web page of another origin makes, or that reach us under another's name:
 * without keys, loopback is all that protects the service (spec §8).
 */
export function hostGuard(allowedHosts: readonly string[]): onRequestHookHandler {
  const allowed = new Set([...LOOPBACK, ...allowedHosts.map((host) => host.toLowerCase())]);
  return (request, _reply, done) => {
    done(refusal(request, allowed));
  };
}

function refusal({ headers }: FastifyRequest, allowed: ReadonlySet<string>): ApiProblem | undefined {
  const { host, origin } = headers;
  if (host === undefined || !allowed.has(nameOf(host))) {
    const detail = `This service does not answer for ${JSON.stringify(host ?? "")}.`;
    return new ApiProblem("host_refused", detail);
  }
  if (origin !== undefined && !isSameOrigin(origin, host)) {
    return new ApiProblem("origin_refused", `Requests from ${JSON.stringify(origin)} are refused.`);
  }
  return undefined;
}

/** Whether an address is one of this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host.toLowerCase()) || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function nameOf(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, "");
}

function isSameOrigin(origin: string, host: string): boolean {
  return origin === `http://${host}` || origin === `https://${host}`;
}
