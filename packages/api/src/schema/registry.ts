import { z } from "zod";

/** The schemas that have a name in the OpenAPI document. */
export const apiSchemas = z.registry<{ id: string; description?: string }>();
