import { z } from "zod";
import { apiSchemas } from "./registry.ts";

export const HealthCheck = z
  .object({ name: z.string(), ok: z.boolean(), detail: z.string() })
  .register(apiSchemas, { id: "HealthCheck" });
export type HealthCheck = z.infer<typeof HealthCheck>;

export const Health = z
  .object({ status: z.literal("ok"), version: z.string(), checks: z.array(HealthCheck).optional() })
  .register(apiSchemas, { id: "Health" });
