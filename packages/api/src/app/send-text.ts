import type { FastifyReply } from "fastify";

/** Answers with JSON that is already text. */
export function sendText(reply: FastifyReply, text: string): FastifyReply {
  return reply.type("application/json; charset=utf-8").send(text);
}

/** Answers that the client has it already. */
export function sendKnown(reply: FastifyReply): FastifyReply {
  return reply.code(304).send();
}
