// JSON that somebody else wrote, read with a schema.
import { z } from "zod";

const Json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    context.addIssue(error instanceof Error ? error.message : "no JSON");
    return z.NEVER;
  }
});

/** The value that the text holds, or `undefined` where it is no JSON or does not fit. */
export function parseJsonAs<T>(text: string, schema: z.ZodType<T>): T | undefined {
  const parsed = Json.pipe(schema).safeParse(text);
  return parsed.success ? parsed.data : undefined;
}
