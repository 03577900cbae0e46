/** Runs `work` for every item, at most `width` at a time. Rejects with the first failure, after those under way have ended. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next];
      next += 1;
      if (item !== undefined) await work(item);
    }
  };
  const runners = Array.from({ length: Math.min(width, items.length) }, run);
  const results = await Promise.allSettled(runners);
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
