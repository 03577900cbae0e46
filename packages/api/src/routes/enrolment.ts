import { subjectFor, type DeviceId } from "@upgrade-ledger/contract";
import { newEventId } from "@upgrade-ledger/ledger";
import { z } from "zod";
import type { App } from "../app/create-app.ts";
import { answersCreated } from "../app/responses.ts";
import type { ApiContext } from "../context.ts";
import { storedSeq } from "../problem/outcome.ts";
import { ApiProblem } from "../problem/problem.ts";
import { EnrolmentAccepted, EnrolmentBody } from "../schema/command.ts";
import { DeviceParams } from "../schema/device.ts";

/** `POST /v1/devices/{device_id}/enrolment` */
export function enrolmentRoute(app: App, context: ApiContext): void {
  app.post(
    "/v1/devices/:device_id/enrolment",
    {
      schema: {
        summary: "Let a device connect with its key",
        description:
          "Of a device that is enrolled already the key is replaced; with the same key nothing changes.",
        tags: ["devices"],
        params: DeviceParams,
        querystring: z.strictObject({}),
        body: EnrolmentBody,
        response: answersCreated(EnrolmentAccepted),
      },
    },
    async ({ params, body }, reply) => {
      if (context.addDevice === undefined) {
        throw new ApiProblem("enrolment_unavailable", "This service does not run the NATS server.");
      }
      const { device_id: deviceId } = params;
      await context.addDevice({ deviceId, publicKey: body.public_key });
      const stored =
        (await sameEnrolment(context, deviceId, body.public_key)) ?? (await enrol(context, deviceId, body));
      void reply.code(201);
      return { device_id: deviceId, public_key: body.public_key, ...stored };
    },
  );
}

interface StoredEnrolment {
  readonly event_id: string;
  readonly ledger_seq: number;
}

async function sameEnrolment(
  context: ApiContext,
  deviceId: DeviceId,
  publicKey: string,
): Promise<StoredEnrolment | undefined> {
  const last = await context.ledger.lastOn(subjectFor("enrolled", deviceId));
  if (last?.decoded.kind !== "event" || last.decoded.event.type !== "enrolled") return undefined;
  const { event } = last.decoded;
  return event.public_key === publicKey ? { event_id: event.event_id, ledger_seq: last.seq } : undefined;
}

async function enrol(
  context: ApiContext,
  deviceId: DeviceId,
  { public_key, reason }: z.infer<typeof EnrolmentBody>,
): Promise<StoredEnrolment> {
  const eventId = newEventId();
  const outcome = await context.writer.append(
    deviceId,
    { type: "enrolled", public_key, reason, actor: context.actor },
    { eventId },
  );
  const seq = storedSeq(outcome);
  if (seq === undefined) throw new Error(`the fresh event id ${eventId} is taken`);
  context.head.saw(seq);
  return { event_id: eventId, ledger_seq: seq };
}
