import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ARTIFACT, ProblemBody, seenDevice, startWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld({ artifactMaxBytes: 100_000 });
  await seenDevice(world, "dev-1", "0.1.1");
});
afterAll(() => world.stop());

const DESIRED = "/v1/devices/dev-1/desired-version";
const GOOD = { desired_version: "0.1.2", reason: "test" };
const KEY = "01a2040e-55a8-7103-8e44-9fdc604d073a";

interface Case {
  what: string;
  method?: string;
  path: string;
  body?: string;
  headers?: Record<string, string>;
  status: number;
  code: string;
  names?: string;
}

const json = (body: unknown): string => JSON.stringify(body);

const CASES: Case[] = [
  { what: "unknown device", path: "/v1/devices/nobody", status: 404, code: "device_unknown" },
  {
    what: "unknown device's versions",
    path: "/v1/devices/nobody/versions",
    status: 404,
    code: "device_unknown",
  },
  {
    what: "unknown device's upgrades",
    path: "/v1/devices/nobody/upgrades",
    status: 404,
    code: "device_unknown",
  },
  { what: "unknown device's events", path: "/v1/devices/nobody/events", status: 404, code: "device_unknown" },
  {
    what: "malformed device id",
    path: "/v1/devices/No_Body",
    status: 400,
    code: "invalid_request",
    names: "device_id",
  },
  {
    what: "device id with dots",
    path: "/v1/devices/a.b",
    status: 400,
    code: "invalid_request",
    names: "device_id",
  },
  {
    what: "device id of 64",
    path: `/v1/devices/${"a".repeat(64)}`,
    status: 400,
    code: "invalid_request",
    names: "device_id",
  },
  { what: "device id of 400", path: `/v1/devices/${"a".repeat(400)}`, status: 400, code: "invalid_request" },
  { what: "bad percent-encoding", path: "/v1/devices/%ff%", status: 400, code: "invalid_request" },
  {
    what: "unknown parameter",
    path: "/v1/devices?colour=red",
    status: 400,
    code: "unknown_parameter",
    names: "colour",
  },
  {
    what: "unknown parameter of one device",
    path: "/v1/devices/dev-1?x=1",
    status: 400,
    code: "unknown_parameter",
    names: "x",
  },
  {
    what: "parameter that comes later",
    path: "/v1/devices?as_of_seq=1",
    status: 400,
    code: "unknown_parameter",
    names: "as_of_seq",
  },
  {
    what: "unknown status",
    path: "/v1/devices?status=fine",
    status: 400,
    code: "invalid_request",
    names: "status/0",
  },
  {
    what: "malformed label",
    path: "/v1/devices?label=site",
    status: 400,
    code: "invalid_request",
    names: "label/0",
  },
  {
    what: "unknown sort",
    path: "/v1/devices?sort=colour",
    status: 400,
    code: "invalid_request",
    names: "sort",
  },
  {
    what: "page size 0",
    path: "/v1/devices?page_size=0",
    status: 400,
    code: "invalid_request",
    names: "page_size",
  },
  {
    what: "page size in words",
    path: "/v1/devices?page_size=ten",
    status: 400,
    code: "invalid_request",
    names: "page_size",
  },
  {
    what: "forged page token",
    path: "/v1/devices?page_token=abcdefghijklmnopqrstuvwxyz",
    status: 400,
    code: "page_token_invalid",
    names: "page_token",
  },
  { what: "unknown upgrade", path: `/v1/upgrades/${KEY}`, status: 404, code: "upgrade_unknown" },
  {
    what: "malformed upgrade id",
    path: "/v1/upgrades/17",
    status: 400,
    code: "invalid_request",
    names: "upgrade_id",
  },
  { what: "event beyond the head", path: "/v1/events/999999", status: 404, code: "event_unknown" },
  { what: "event 0", path: "/v1/events/0", status: 400, code: "invalid_request", names: "seq" },
  { what: "unknown route", path: "/v1/nothing", status: 404, code: "route_unknown" },
  { what: "wrong method", method: "DELETE", path: "/v1/devices", status: 405, code: "method_not_allowed" },
  {
    what: "malformed version",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, desired_version: "new" }),
    status: 400,
    code: "invalid_request",
    names: "/desired_version",
  },
  {
    what: "no reason",
    method: "PUT",
    path: DESIRED,
    body: json({ desired_version: "0.1.2" }),
    status: 400,
    code: "invalid_request",
    names: "/reason",
  },
  {
    what: "unknown field",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, colour: 1 }),
    status: 400,
    code: "invalid_request",
    names: "/colour",
  },
  {
    what: "scheduling, which comes later",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, not_before: "2030-01-01T00:00:00Z" }),
    status: 400,
    code: "invalid_request",
    names: "/not_before",
  },
  { what: "no JSON", method: "PUT", path: DESIRED, body: "{", status: 400, code: "malformed_json" },
  { what: "empty body", method: "PUT", path: DESIRED, body: "", status: 400, code: "malformed_json" },
  { what: "an array", method: "PUT", path: DESIRED, body: "[]", status: 400, code: "invalid_request" },
  { what: "null", method: "PUT", path: DESIRED, body: "null", status: 400, code: "invalid_request" },
  {
    what: "prototype pollution",
    method: "PUT",
    path: DESIRED,
    body: '{"__proto__":{"x":1}}',
    status: 400,
    code: "malformed_json",
  },
  {
    what: "a body of 100 KiB",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, reason: "x".repeat(100_000) }),
    status: 413,
    code: "body_too_large",
  },
  {
    what: "a form",
    method: "PUT",
    path: DESIRED,
    body: "a=b",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "a key that is no UUIDv7",
    method: "PUT",
    path: DESIRED,
    body: json(GOOD),
    headers: { "idempotency-key": "again" },
    status: 400,
    code: "invalid_request",
    names: "idempotency-key",
  },
  {
    what: "a version that nobody published",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, desired_version: "9.9.9" }),
    status: 409,
    code: "artifact_unknown",
  },
  {
    what: "an artifact of another version",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, artifact: { ...ARTIFACT, version: "0.1.3" } }),
    status: 400,
    code: "invalid_request",
    names: "/artifact/version",
  },
  {
    what: "an artifact's malformed hash",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, artifact: { ...ARTIFACT, version: "0.1.2", sha256: "ABC" } }),
    status: 400,
    code: "invalid_request",
    names: "/artifact/sha256",
  },
  {
    what: "credentials in an artifact's URL",
    method: "PUT",
    path: "/v1/artifacts/0.1.2",
    body: json({ ...ARTIFACT, url: "https://me:secret@example.org/x" }),
    status: 400,
    code: "invalid_request",
    names: "/url",
  },
  {
    what: "cancelling nothing",
    method: "PUT",
    path: DESIRED,
    body: json({ ...GOOD, desired_version: null }),
    status: 409,
    code: "nothing_to_cancel",
  },
  {
    what: "content of no artifact",
    path: "/v1/artifacts/0.1.9/content?platform=any",
    status: 404,
    code: "artifact_not_found",
  },
  {
    what: "content without platform",
    path: "/v1/artifacts/0.1.9/content",
    status: 400,
    code: "invalid_request",
    names: "platform",
  },
  {
    what: "content as JSON",
    method: "PUT",
    path: "/v1/artifacts/0.1.9/content?platform=any",
    body: "{}",
    status: 415,
    code: "unsupported_media_type",
  },
  {
    what: "too large content",
    method: "PUT",
    path: "/v1/artifacts/0.1.9/content?platform=any",
    body: "x".repeat(100_001),
    headers: { "content-type": "application/octet-stream" },
    status: 413,
    code: "body_too_large",
  },
  {
    what: "other content than announced",
    method: "PUT",
    path: `/v1/artifacts/0.1.9/content?platform=any&sha256=${"b".repeat(64)}`,
    body: "x",
    headers: { "content-type": "application/octet-stream" },
    status: 400,
    code: "content_mismatch",
  },
  {
    what: "a foreign origin",
    path: "/v1/devices",
    headers: { origin: "https://evil.example" },
    status: 403,
    code: "origin_refused",
  },
  {
    what: "an unreachable freshness",
    path: "/v1/devices",
    headers: { "ledger-min-seq": "999999" },
    status: 409,
    code: "not_yet_applied",
  },
  {
    what: "a freshness in words",
    path: "/v1/devices",
    headers: { "ledger-min-seq": "soon" },
    status: 400,
    code: "invalid_request",
    names: "ledger-min-seq",
  },
];

describe("bad input gets a clear answer", () => {
  it.each(CASES)(
    "$what: $status $code",
    async ({ method = "GET", path, body, headers, status, code, names }) => {
      const contentType = body === undefined ? {} : { "content-type": "application/json" };
      const answer = await fetch(`${world.url}${path}`, {
        method,
        headers: { ...contentType, ...headers },
        ...(body === undefined ? {} : { body }),
      });
      const text = await answer.text();
      expect({ status: answer.status, text }).toMatchObject({ status });
      expect(answer.headers.get("content-type")).toContain("application/problem+json");
      const problem = ProblemBody.parse(JSON.parse(text));
      expect(problem).toMatchObject({ type: `urn:upgrade-ledger:problem:${code}`, code, status });
      const named = problem.errors?.map(({ pointer, parameter }) => pointer ?? parameter) ?? [];
      expect(names === undefined ? [names] : named).toContain(names);
    },
  );

  it("a foreign host is refused", async () => {
    const { request } = await import("node:http");
    const { port } = new URL(world.url);
    const [status, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
      request(
        { host: "127.0.0.1", port, path: "/v1/devices", headers: { host: "evil.example" } },
        (answer) => {
          let body = "";
          answer.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
          answer.on("end", () => resolve([answer.statusCode, body]));
        },
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(421);
    expect(ProblemBody.parse(JSON.parse(text)).code).toBe("host_refused");
  });

  it("and the service still answers, with nothing stored but the observation", async () => {
    await world.caughtUp();
    const answer = await world.get("/v1/events");
    expect(answer.json).toMatchObject({ items: [{ type: "agent-observed" }] });
  });
});
