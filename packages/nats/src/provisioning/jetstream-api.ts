import type { NatsConnection } from "@nats-io/transport-node";

import { isJsonObject } from "../json.ts";
import type { JsonObject } from "../json.ts";

/** JetStream's "stream not found". */
const STREAM_NOT_FOUND = 10059;

/** A cluster that is still electing does not answer at all; better to ask again soon. */
const REQUEST_TIMEOUT_MS = 5_000;

/** An error answer of the JetStream API. */
export class JetStreamApiError extends Error {
  override readonly name = "JetStreamApiError";
  readonly code: number;

  constructor(subject: string, code: number, description: string) {
    super(`${subject}: ${description} (JetStream error ${code})`);
    this.code = code;
  }
}

/**
 * The configuration of a stream as the server has it, or `undefined` when there is none.
 * Raw requests, so that no field is lost that the client library does not know yet.
 */
export async function streamConfig(
  connection: NatsConnection,
  name: string,
): Promise<JsonObject | undefined> {
  try {
    return configOf(await request(connection, `$JS.API.STREAM.INFO.${name}`));
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === STREAM_NOT_FOUND) return undefined;
    throw error;
  }
}

/** Creates a stream. @throws JetStreamApiError with the server's reason */
export async function createStream(connection: NatsConnection, config: JsonObject): Promise<void> {
  await request(connection, `$JS.API.STREAM.CREATE.${String(config["name"])}`, config);
}

/** Updates a stream. @throws JetStreamApiError with the server's reason */
export async function updateStream(connection: NatsConnection, config: JsonObject): Promise<void> {
  await request(connection, `$JS.API.STREAM.UPDATE.${String(config["name"])}`, config);
}

async function request(connection: NatsConnection, subject: string, body?: JsonObject): Promise<JsonObject> {
  const reply = await connection.request(subject, body === undefined ? "" : JSON.stringify(body), {
    timeout: REQUEST_TIMEOUT_MS,
  });
  const answer: unknown = reply.json();
  if (!isJsonObject(answer)) throw new Error(`${subject}: the answer is not a JSON object`);
  const error = answer["error"];
  if (isJsonObject(error)) {
    throw new JetStreamApiError(
      subject,
      Number(error["err_code"] ?? error["code"]),
      String(error["description"]),
    );
  }
  return answer;
}

function configOf(answer: JsonObject): JsonObject {
  const config = answer["config"];
  if (!isJsonObject(config)) throw new Error("JetStream's answer has no stream configuration");
  return config;
}
