import type { FastifyReply, FastifyRequest } from "fastify";

/** What an answer depends on (spec §6). */
export interface Validity {
  /** Of the projection that it was read from. */
  readonly projectionVersion: number;
  /** The last ledger sequence that touched what is answered. */
  readonly seq: number;
  /** When it last changed although no event told of it, such as by going offline; milliseconds since 1970. */
  readonly changedAtMs: number;
  /** What else tells it from others, such as the page of a list. */
  readonly also?: string;
}

/**
 * Names the answer, and tells whether the client has it already: then nothing needs to be sent but 304. The name is a weak
 * one, as two answers of one name may differ in when a heartbeat came.
 */
export function isKnown(request: FastifyRequest, reply: FastifyReply, validity: Validity): boolean {
  const { projectionVersion, seq, changedAtMs, also } = validity;
  const name = [projectionVersion, seq, changedAtMs, ...(also === undefined ? [] : [also])].join("-");
  void reply.header("etag", `W/"${name}"`);
  const asked = request.headers["if-none-match"];
  return asked !== undefined && names(asked, `"${name}"`);
}

/** Whether `If-None-Match` holds the tag (RFC 9110 §13.1.2: a list, compared weakly, or `*`). */
function names(header: string, opaque: string): boolean {
  return header.split(",").some((each) => {
    const tag = each.trim();
    return tag === "*" || tag.replace(/^W\//, "") === opaque;
  });
}
