/** What a person asks for after an event was shown. */
export type Wish = "next" | "state" | "end";

/** Shows one thing after the other, as fast as the person wants to see them. */
export async function walk<Step>(
  steps: readonly Step[],
  show: (step: Step) => void,
  showState: (step: Step) => void,
  ask: () => Promise<Wish>,
): Promise<void> {
  for (const [index, step] of steps.entries()) {
    show(step);
    if (index === steps.length - 1) return;
    let wish = await ask();
    while (wish === "state") {
      showState(step);
      wish = await ask();
    }
    if (wish === "end") return;
  }
}

/** What the person typed. Anything but `q` and `s` goes on. */
export function wishOf(typed: string): Wish {
  switch (typed.trim().toLowerCase()) {
    case "q":
      return "end";
    case "s":
      return "state";
    default:
      return "next";
  }
}
