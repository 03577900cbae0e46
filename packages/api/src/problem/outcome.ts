import type { WriteOutcome } from "@upgrade-ledger/ledger";
import { ApiProblem } from "./problem.ts";

/** Where an event was stored; everything else that can become of an append, as a problem. `undefined`: the id is taken. */
export function storedSeq(outcome: WriteOutcome): number | undefined {
  switch (outcome.kind) {
    case "stored":
    case "already-stored":
      return outcome.seq;
    case "id-taken":
      return undefined;
    case "conflict":
      throw new ApiProblem("command_raced", "Another command for the device was stored meanwhile.");
    case "refused":
      throw refusal(outcome.code, outcome.detail);
  }
}

function refusal(code: Extract<WriteOutcome, { kind: "refused" }>["code"], detail: string): ApiProblem {
  switch (code) {
    case "full":
      return new ApiProblem("ledger_full", detail);
    case "too_large":
      return new ApiProblem("body_too_large", detail);
    case "invalid":
      return new ApiProblem("invalid_request", detail);
    case "forbidden":
    case "rejected":
      return new ApiProblem("internal", `The ledger refuses the event (${code}).`, {
        cause: new Error(detail),
      });
  }
}
