/** What the rest of the process has counted since it began; the API asks for it whenever it is read. */
export interface ProcessCounts {
  readonly stopsIssued: number;
  /** Of devices with an open upgrade: why each gets no stop at present. */
  readonly stopsWithheld: readonly { readonly reason: string }[];
  readonly heartbeats: { readonly received: number; readonly rejected: number };
}
