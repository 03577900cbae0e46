/** Another projector has gone on from where this one stood: it must let go of everything that it holds in memory. */
export class TakenOverError extends Error {
  override readonly name = "TakenOverError";
}
