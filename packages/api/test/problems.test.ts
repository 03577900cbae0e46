// The problems that no request can provoke at will.
import { LedgerUnavailableError } from "@upgrade-ledger/ledger";
import { EventId } from "@upgrade-ledger/contract";
import { startLedgerServer } from "@upgrade-ledger/testkit";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { startApi } from "../src/index.ts";
import { Snapshots } from "../src/paging/snapshots.ts";
import { problemOf } from "../src/problem/error-answer.ts";
import { storedSeq } from "../src/problem/outcome.ts";
import { ApiProblem } from "../src/problem/problem.ts";
import { ProblemBody } from "./world.ts";

const eventId = EventId.parse("01a2040e-55a8-7103-8e44-9fdc604d073a");

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return problemOf(error).code;
  }
  return undefined;
}

describe("what becomes of an append", () => {
  it("stored or stored before: its sequence", () => {
    expect(storedSeq({ kind: "stored", seq: 7, eventId })).toBe(7);
    expect(storedSeq({ kind: "already-stored", seq: 7, verified: true, eventId })).toBe(7);
  });

  it.each([
    [{ kind: "conflict", lastSequence: 3, eventId } as const, "command_raced"],
    [{ kind: "refused", code: "full", detail: "", eventId } as const, "ledger_full"],
    [{ kind: "refused", code: "too_large", detail: "", eventId } as const, "body_too_large"],
    [{ kind: "refused", code: "invalid", detail: "", eventId } as const, "invalid_request"],
    [{ kind: "refused", code: "forbidden", detail: "", eventId } as const, "internal"],
  ])("%o: %s", (outcome, code) => {
    expect(codeOf(() => storedSeq(outcome))).toBe(code);
  });
});

describe("errors that are nobody's fault but ours", () => {
  it("say nothing of their cause", () => {
    const problem = problemOf(new Error("the password is secret"));
    expect(problem.code).toBe("internal");
    expect(JSON.stringify(problem.body("x"))).not.toContain("secret");
  });

  it("an absent broker is no fault of ours", () => {
    expect(problemOf(new LedgerUnavailableError("no_answer", "reading")).code).toBe("ledger_unavailable");
  });
});

describe("snapshots", () => {
  it("are forgotten after ten minutes, or when there are too many", () => {
    const snapshots = new Snapshots<number>();
    const first = snapshots.keep([1], 1, 0);
    expect(snapshots.get(first).rows).toEqual([1]);
    snapshots.keep([2], 2, 600_001);
    expect(codeOf(() => snapshots.get(first))).toBe("page_token_expired");
  });
});

describe("a service without its broker", () => {
  it("is not ready, still answers from memory, and refuses changes with ledger_unavailable", async () => {
    const server = await startLedgerServer();
    const api = await startApi({
      nc: await server.connect("api"),
      http: { host: "127.0.0.1", port: 0 },
      log: pino({ level: "silent" }),
      actor: "local:ada",
      version: "0.1.0",
      checks: () => [{ name: "test", ok: false, detail: "on purpose" }],
    });
    const ask = async (path: string, init: RequestInit = {}) =>
      ProblemBody.parse(await (await fetch(`${api.url}${path}`, init)).json());
    expect(await ask("/readyz")).toMatchObject({ code: "not_ready", detail: "test: on purpose" });
    const enrolment = {
      method: "POST",
      body: JSON.stringify({ public_key: `U${"A".repeat(55)}` }),
      headers: { "content-type": "application/json" },
    };
    expect((await ask("/v1/devices/pi-1/enrolment", enrolment)).code).toBe("enrolment_unavailable");
    await server.nats.kill();
    expect((await fetch(`${api.url}/v1/devices`)).status).toBe(200);
    expect((await ask("/v1/events/1")).code).toBe("ledger_unavailable");
    expect((await ask("/readyz")).detail).toContain("nats: not connected");
    await api.stop();
    await server.stop();
  });
});

it("a problem has the members of RFC 9457", () => {
  const body = new ApiProblem("device_unknown", "No device x has been seen.").body("urn:x");
  expect(body).toEqual({
    type: "urn:upgrade-ledger:problem:device_unknown",
    code: "device_unknown",
    title: "No such device",
    status: 404,
    detail: "No device x has been seen.",
    instance: "urn:x",
  });
});
