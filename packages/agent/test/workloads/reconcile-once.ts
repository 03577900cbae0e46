// An agent process as far as its workloads are concerned: reconciles once, prints the reports, then waits to be killed.
import { Deployment } from "@upgrade-ledger/contract";
import { createProcessRuntime } from "../../src/workloads/process-runtime.ts";

const [stateDir = "", deployments = "[]"] = process.argv.slice(2);
const runtime = createProcessRuntime({ stateDir });
const reports = await runtime.reconcile(Deployment.array().parse(JSON.parse(deployments)), {
  signal: new AbortController().signal,
  mayStart: true,
});
process.stdout.write(`${JSON.stringify(reports)}\n`);
setInterval(() => undefined, 60_000);
