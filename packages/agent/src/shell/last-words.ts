// What an agent that was told to stop still delivers.
import type { Link } from "../link/link.ts";
import type { Deliverer } from "../outbox/deliver.ts";
import { monotonicMs } from "../supervisor/process-identity.ts";

/** How long before its deadline a stopping agent gives up delivering what is in its outbox. */
const EXIT_MARGIN_MS = 300;
const LOOK_MS = 20;

/** Waits until the outbox is empty, the link is down, or the deadline is near. */
export async function deliverLastWords(link: Link, deliverer: Deliverer, byMs: number): Promise<void> {
  while (link.isUp && monotonicMs() < byMs - EXIT_MARGIN_MS && !(await deliverer.isEmpty())) {
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_MS);
    });
  }
}
