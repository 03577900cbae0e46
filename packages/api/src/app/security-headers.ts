import type { FastifyInstance } from "fastify";

/** The documentation page has inline styles and a data: image; scripts come from here only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  // To be kept by the client that asked, and used again only after asking whether it still holds (etag).
  "cache-control": "private, no-cache",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** For what can never change. */
export const IMMUTABLE = "private, max-age=31536000, immutable";

/** Sends what keeps a browser from doing with an answer what it was not meant for. A route may replace a header. */
export function sendSecurityHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", (_request, reply, done) => {
    void reply.headers(HEADERS);
    done();
  });
}
