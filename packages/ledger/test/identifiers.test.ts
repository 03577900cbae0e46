import { EventId, InstanceId } from "@upgrade-ledger/contract";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { derivedEventId, newEventId, newInstanceId } from "../src/index.ts";

const parts = fc.array(fc.string({ unit: "binary" }), { minLength: 1, maxLength: 6 });

describe("fresh ids", () => {
  it("are UUIDv7 that sort as they were made", () => {
    const made = Array.from({ length: 1_000 }, () => newEventId());
    expect(made.every((id) => EventId.safeParse(id).success && id[14] === "7")).toBe(true);
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    expect(InstanceId.safeParse(newInstanceId()).success).toBe(true);
  });
});

describe("derived ids", () => {
  it("stay what they are for ever", () => {
    expect(derivedEventId("upgrade-stop", "0193e0a5-0000-7000-8000-000000000001", "1")).toBe(
      "d240b272-b9dc-8adc-8c97-6a84533644a3",
    );
  });

  it("are UUIDv8, the same for the same parts", () => {
    fc.assert(
      fc.property(parts, (given) => {
        const id = derivedEventId(...given);
        expect(EventId.safeParse(id).success).toBe(true);
        expect(id[14]).toBe("8");
        expect(derivedEventId(...given)).toBe(id);
      }),
    );
  });

  it("tell parts apart wherever they are cut", () => {
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(derivedEventId(...one)).not.toBe(derivedEventId(...other));
      }),
    );
    expect(derivedEventId("ab", "c")).not.toBe(derivedEventId("a", "bc"));
    expect(derivedEventId("a", "")).not.toBe(derivedEventId("a"));
  });
});
