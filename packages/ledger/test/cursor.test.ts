// What a reader does with each delivery: takes it, drops it, or asks for another consumer.
import { describe, expect, it } from "vitest";
import { LedgerGapError } from "../src/index.ts";
import { Cursor } from "../src/read/cursor.ts";

/** Deliveries as [delivery sequence, ledger sequence], and what becomes of each. */
type Delivery = [deliverySequence: number, streamSequence: number, step: "take" | "drop" | "lost"];

const scripts: {
  what: string;
  from: number | undefined;
  filtered: boolean;
  deliveries: Delivery[];
  last: number;
}[] = [
  {
    what: "one after the other",
    from: 5,
    filtered: false,
    deliveries: [
      [1, 5, "take"],
      [2, 6, "take"],
    ],
    last: 6,
  },
  {
    what: "one that it had",
    from: 5,
    filtered: false,
    deliveries: [
      [1, 4, "drop"],
      [2, 5, "take"],
      [3, 5, "drop"],
    ],
    last: 5,
  },
  {
    what: "one lost on the way",
    from: 5,
    filtered: false,
    deliveries: [
      [1, 5, "take"],
      [3, 7, "lost"],
    ],
    last: 5,
  },
  {
    what: "one delivered twice",
    from: 5,
    filtered: false,
    deliveries: [
      [1, 5, "take"],
      [1, 5, "lost"],
    ],
    last: 5,
  },
  {
    what: "filtered ones far apart",
    from: 5,
    filtered: true,
    deliveries: [
      [1, 9, "take"],
      [2, 70, "take"],
    ],
    last: 70,
  },
  {
    what: "a filtered one lost on the way",
    from: 5,
    filtered: true,
    deliveries: [
      [1, 9, "take"],
      [3, 70, "lost"],
    ],
    last: 9,
  },
  {
    what: "wherever a time begins",
    from: undefined,
    filtered: false,
    deliveries: [
      [1, 40, "take"],
      [2, 41, "take"],
    ],
    last: 41,
  },
];

describe("a cursor", () => {
  it.each(scripts)("with $what", ({ from, filtered, deliveries, last }) => {
    const cursor = new Cursor(from, filtered);
    const steps = deliveries.map(([deliverySequence, streamSequence]) =>
      cursor.advance({ deliverySequence, streamSequence }),
    );
    expect(steps).toEqual(deliveries.map(([, , step]) => step));
    expect(cursor.last).toBe(last);
  });

  it("counts the deliveries of another consumer anew", () => {
    const cursor = new Cursor(5, false);
    cursor.advance({ deliverySequence: 1, streamSequence: 5 });
    cursor.consumerMade();
    expect(cursor.advance({ deliverySequence: 1, streamSequence: 5 })).toBe("drop");
    expect(cursor.advance({ deliverySequence: 2, streamSequence: 6 })).toBe("take");
  });

  it.each([5, undefined])("finds a hole, begun at %s", (from) => {
    const cursor = new Cursor(from, false);
    cursor.advance({ deliverySequence: 1, streamSequence: 5 });
    expect(() => cursor.advance({ deliverySequence: 2, streamSequence: 7 })).toThrow(LedgerGapError);
  });
});
