import { Readable } from "node:stream";
import { z } from "zod";
import { Problem, PROBLEM_MEDIA_TYPE } from "../problem/problem.ts";

const problem = {
  description: "A problem (RFC 9457). `code` is one of docs/errors.md.",
  content: { [PROBLEM_MEDIA_TYPE]: { schema: Problem } },
};

const problems = { "4xx": problem, "5xx": problem };

/** The answers of a route: the good one, and a problem for everything else. */
export function answers<S extends z.ZodType>(good: S) {
  return { 200: good, ...problems };
}

/** The same of a route whose answer has an `etag`, so that it may be "you have it already". */
export function answersOnce<S extends z.ZodType>(good: S) {
  return { 200: good, 304: z.undefined().meta({ description: "As `if-none-match` names it" }), ...problems };
}

/** The same of a route that creates something. */
export function answersCreated<S extends z.ZodType>(good: S) {
  return { 201: good, ...problems };
}

/** The same of a route whose effect comes later. */
export function answersAccepted<S extends z.ZodType>(good: S) {
  return { 202: good, ...problems };
}

/** The same of a route that answers with bytes. */
export function answersBytes(mediaType: string) {
  return {
    200: { description: "The bytes", content: { [mediaType]: { schema: z.instanceof(Readable) } } },
    ...problems,
  };
}
