export interface Question {
  readonly name: string;
  readonly path: string;
}

export const DEVICE = "pi-000042";

/** What is asked of the API, by the names of the specification's table. */
export const QUESTIONS: readonly Question[] = [
  { name: "api.device", path: `/v1/devices/${DEVICE}` },
  { name: "api.summary", path: "/v1/fleet/summary" },
  { name: "api.list", path: "/v1/devices?version=0.1.2&phase=running&sort=-phase_since&page_size=100" },
];
