import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { load } from "./api/load.ts";
import { DEVICE, type Question, QUESTIONS } from "./api/questions.ts";
import { type Figure, median, type SuiteOptions } from "./figure.ts";

const Ready = z.object({ api: z.string(), bare: z.string(), devices: z.int(), loadedMs: z.number() });

/** The query API against a bare Fastify route that returns the same bytes, both in another process than the client. */
export async function api({ quick, say }: SuiteOptions): Promise<Figure[]> {
  const devices = quick ? 20_000 : 100_000;
  const server = fork(fileURLToPath(new URL("./api/server.js", import.meta.url)), [String(devices)]);
  try {
    const [message] = await Promise.race([
      once(server, "message"),
      once(server, "exit").then(() => Promise.reject(new Error("the server did not start"))),
    ]);
    const ready = Ready.parse(message);
    say(`${ready.devices} devices, loaded in ${Math.round(ready.loadedMs)} ms; first is ${DEVICE}`);
    const figures: Figure[] = [];
    for (const question of QUESTIONS) {
      say(question.name);
      figures.push(...(await measure(question, ready, quick)));
    }
    return figures;
  } finally {
    server.kill("SIGTERM");
  }
}

async function measure(
  { name, path }: Question,
  { api: ours, bare }: z.infer<typeof Ready>,
  quick: boolean,
): Promise<Figure[]> {
  const runs = quick ? 5 : 9;
  const seconds = quick ? 0.8 : 2;
  await sameBytes(`${ours}${path}`, `${bare}${path}`);
  for (const url of [ours, bare]) await load(`${url}${path}`, seconds);
  const results: { readonly ours: Load; readonly reference: Load }[] = [];
  for (let run = 0; run < runs; run += 1) {
    // In turns, so that neither is always the first.
    const oursFirst = run % 2 === 0;
    const first = await load(`${oursFirst ? ours : bare}${path}`, seconds);
    const second = await load(`${oursFirst ? bare : ours}${path}`, seconds);
    results.push(oursFirst ? { ours: first, reference: second } : { ours: second, reference: first });
  }
  const figure = (suffix: string, unit: string, of: (result: Load) => number): Figure => ({
    suite: "api",
    name: `${name}${suffix}`,
    value: median(results.map((each) => of(each.ours))),
    unit,
    reference: median(results.map((each) => of(each.reference))),
    ratio: median(results.map((each) => of(each.ours) / of(each.reference))),
    runs,
  });
  return [figure("", "req/s", (each) => each.perSecond), figure(".p99", "ms", (each) => each.p99Ms)];
}

type Load = Awaited<ReturnType<typeof load>>;

async function sameBytes(ours: string, reference: string): Promise<void> {
  const bodies = await Promise.all([ours, reference].map(async (url) => (await fetch(url)).text()));
  if (bodies[0] !== bodies[1]) throw new Error(`${ours} and ${reference} answer differently`);
}
