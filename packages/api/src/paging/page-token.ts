import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { ApiProblem } from "../problem/problem.ts";

const Body = z.tuple([z.string(), z.union([z.string(), z.number()]), z.number()]);
const MAC_BYTES = 12;

/** Where the next page begins. */
export interface PagePosition {
  /** What pins the list: a snapshot's id, or a ledger sequence. */
  readonly pin: string | number;
  readonly offset: number;
}

/** Makes and reads page tokens: opaque, unforgeable, and good only for the request that they were made for. */
export class PageTokens {
  readonly #key = randomBytes(32);

  /** `request`: everything of the query that decides what the list holds; see {@link fingerprint}. */
  make(request: string, position: PagePosition): string {
    const body = Buffer.from(JSON.stringify([request, position.pin, position.offset]));
    return Buffer.concat([this.#mac(body), body]).toString("base64url");
  }

  /** `undefined` for the first page (an empty token). @throws ApiProblem `page_token_invalid` */
  read(token: string, request: string): PagePosition | undefined {
    if (token === "") return undefined;
    const bytes = Buffer.from(token, "base64url");
    const [mac, body] = [bytes.subarray(0, MAC_BYTES), bytes.subarray(MAC_BYTES)];
    if (mac.length !== MAC_BYTES || !timingSafeEqual(mac, this.#mac(body))) {
      throw new ApiProblem("page_token_invalid", "page_token: was not made by this service", {
        errors: [{ parameter: "page_token", detail: "was not made by this service" }],
      });
    }
    const [madeFor, pin, offset] = Body.parse(JSON.parse(body.toString("utf8")));
    if (madeFor !== request) {
      throw new ApiProblem("page_token_invalid", "page_token: was made for other parameters", {
        errors: [{ parameter: "page_token", detail: "was made for other parameters" }],
      });
    }
    return { pin, offset };
  }

  #mac(body: Uint8Array): Buffer {
    return createHmac("sha256", this.#key).update(body).digest().subarray(0, MAC_BYTES);
  }
}

/** A short name of what a list holds: its route and its filters, without page size and token. */
export function fingerprint(route: string, query: Readonly<Record<string, unknown>>): string {
  const filters = Object.entries(query)
    .filter(([name, value]) => name !== "page_size" && name !== "page_token" && value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([route, filters]))
    .digest("base64url")
    .slice(0, 12);
}
