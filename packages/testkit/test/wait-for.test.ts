import { describe, expect, it } from "vitest";

import { waitFor } from "@upgrade-ledger/testkit";

describe("waitFor", () => {
  it("answers what the condition answers once it is met", async () => {
    const answers = [undefined, null, false, "met"];
    await expect(waitFor(() => answers.shift(), { describe: "an answer", intervalMs: 1 })).resolves.toBe(
      "met",
    );
  });

  it("takes zero and the empty text for answers", async () => {
    await expect(waitFor(() => 0, { describe: "zero" })).resolves.toBe(0);
    await expect(waitFor(() => "", { describe: "nothing" })).resolves.toBe("");
  });

  it("says what it waited for, and why the last look failed", async () => {
    const cause = new Error("not there");
    const failing = waitFor(() => Promise.reject(cause), {
      describe: "the file",
      timeoutMs: 5,
      intervalMs: 1,
    });
    await expect(failing).rejects.toMatchObject({ message: "Waited 5 ms for the file, in vain", cause });
  });
});
