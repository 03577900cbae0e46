/** What a check found. */
export interface Finding {
  readonly name: string;
  readonly state: "ok" | "problem" | "skipped";
  readonly detail: string;
  /** What to do about a problem. */
  readonly remedy?: string;
}

export function ok(name: string, detail: string): Finding {
  return { name, state: "ok", detail };
}

export function problem(name: string, detail: string, remedy: string): Finding {
  return { name, state: "problem", detail, remedy };
}

export function skipped(name: string, detail: string): Finding {
  return { name, state: "skipped", detail };
}

/** The first line of what went wrong. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
