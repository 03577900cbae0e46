import { readFile } from "node:fs/promises";
import { Objm } from "@nats-io/obj";
import type { NatsConnection } from "@nats-io/transport-node";
import { ARTIFACT_STORE, objectName } from "@upgrade-ledger/contract";
import type { Built } from "./built.ts";

/** Puts a built agent into the object store; answers with the URL by which a device finds it. */
export async function upload(nc: NatsConnection, built: Built, version: string): Promise<string> {
  const name = objectName(version, "any");
  const store = await new Objm(nc).open(ARTIFACT_STORE);
  await store.putBlob({ name }, await readFile(built.agents.get(version)?.path ?? ""));
  return `nats://${ARTIFACT_STORE}/${name}`;
}
