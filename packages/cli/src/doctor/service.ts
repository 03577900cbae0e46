import { Health, HealthCheck, Problem } from "@upgrade-ledger/api/schema";
import { z } from "zod";
import { type Finding, ok, problem, reasonOf } from "./check.ts";

const NotReady = Problem.extend({ checks: z.array(HealthCheck).default([]) });
const TIMEOUT_MS = 5_000;
const START = "start it with `upgrade-ledger serve`, or name another with --server";

/** The service answers, and each of its own checks holds. */
export async function checkService(server: string): Promise<Finding[]> {
  let answer: Response;
  let json: unknown;
  try {
    answer = await fetch(`${server}/readyz?verbose`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    json = await answer.json();
  } catch (error) {
    return [problem("service", `${server} does not answer (${reasonOf(error)})`, START)];
  }
  const health = Health.safeParse(json);
  if (answer.ok && health.success) {
    const { version, checks = [] } = health.data;
    return [ok("service", `${server}, version ${version}`), ...checks.map(findingOf)];
  }
  const notReady = NotReady.safeParse(json);
  if (!notReady.success) return [problem("service", `${server} is no upgrade ledger`, START)];
  return [
    problem("service", notReady.data.detail, "see the checks below, and the service's log"),
    ...notReady.data.checks.map(findingOf),
  ];
}

function findingOf({ name, ok: good, detail }: z.infer<typeof HealthCheck>): Finding {
  return good ? ok(`service: ${name}`, detail) : problem(`service: ${name}`, detail, "see the service's log");
}
