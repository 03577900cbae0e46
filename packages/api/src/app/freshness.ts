import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiContext } from "../context.ts";
import { ApiProblem } from "../problem/problem.ts";

const DEFAULT_WAIT_MS = 0;

/**
 * Says in every answer how fresh it is (`ledger-seq`, `ledger-head-seq`), and waits for one's own write where the
 * request asks for it (`ledger-min-seq` with `Prefer: wait=5`).
 */
export function keepFresh(app: FastifyInstance, context: ApiContext): void {
  app.addHook("preHandler", async (request, reply) => {
    const wanted = minimumOf(request);
    if (wanted !== undefined) await waitFor(context, wanted, waitOf(request, context.settings.maxWaitMs));
    const { seq } = context.model.progress;
    void reply.header("ledger-seq", seq).header("ledger-head-seq", Math.max(seq, context.head.seq));
  });
}

async function waitFor(context: ApiContext, wanted: number, waitMs: number): Promise<void> {
  if (await context.model.reached(wanted, waitMs)) return;
  const { seq } = context.model.progress;
  throw new ApiProblem("not_yet_applied", `The answer would be as of ${seq}, and ${wanted} is asked for.`, {
    extra: { ledger_seq: seq, ledger_head_seq: Math.max(seq, context.head.seq) },
  });
}

function minimumOf(request: FastifyRequest): number | undefined {
  const header = request.headers["ledger-min-seq"];
  if (header === undefined) return undefined;
  const seq = Number(header);
  if (Number.isSafeInteger(seq) && seq >= 0 && header !== "") return seq;
  throw new ApiProblem("invalid_request", "ledger-min-seq: must be a ledger sequence", {
    errors: [{ parameter: "ledger-min-seq", detail: "must be a ledger sequence" }],
  });
}

/** `Prefer: wait=5` in milliseconds (RFC 7240). A preference that cannot be read is ignored, as that RFC says. */
function waitOf(request: FastifyRequest, longestMs: number): number {
  const prefer = [request.headers["prefer"]].flat().join(",");
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/.exec(prefer)?.[1];
  return seconds === undefined ? DEFAULT_WAIT_MS : Math.min(longestMs, Number(seconds) * 1_000);
}
