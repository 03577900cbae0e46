// An export is read back as it was written, or refused.
import { headers } from "@nats-io/transport-node";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExportDamagedError, type RawEntry, readExport, writeExport } from "../src/index.ts";

const anyEntries = fc.array(fc.record({ data: fc.uint8Array(), id: fc.option(fc.uuid()) }), {
  maxLength: 30,
});

function entriesOf(items: readonly { data: Uint8Array; id: string | null }[]): RawEntry[] {
  return items.map(({ data, id }, index) => {
    const stored = id === null ? undefined : headers();
    stored?.append("Nats-Msg-Id", id ?? "");
    return {
      seq: index + 1,
      subject: "device-state.pi-1.upgrade",
      ledgerTime: "2026-05-06T22:51:14.000Z",
      data,
      headers: stored,
    };
  });
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function textOf(entries: readonly RawEntry[]): Promise<Buffer> {
  let text = "";
  for await (const piece of writeExport(each(entries))) text += piece;
  return Buffer.from(text);
}

async function readBack(bytes: Uint8Array, pieceBytes = 7): Promise<RawEntry[]> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  const entries: RawEntry[] = [];
  for await (const entry of readExport(each(pieces))) entries.push(entry);
  return entries;
}

const plain = ({ headers: stored, data, ...rest }: RawEntry) => ({
  ...rest,
  data: [...data],
  headers: Object.fromEntries(stored ?? []),
});

describe("an export", () => {
  it("is read back as it was written, however it arrives", async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, fc.integer({ min: 1, max: 5_000 }), async (items, pieceBytes) => {
        const entries = entriesOf(items);
        const back = await readBack(await textOf(entries), pieceBytes);
        expect(back.map(plain)).toEqual(entries.map(plain));
      }),
    );
  });

  it("is refused wherever it is cut off", async () => {
    const text = await textOf(
      entriesOf([
        { data: new Uint8Array([1]), id: null },
        { data: new Uint8Array([2]), id: null },
      ]),
    );
    // Without the last line break nothing is missing.
    for (let length = 0; length < text.length - 1; length++) {
      await expect(readBack(text.subarray(0, length), 64)).rejects.toThrow(ExportDamagedError);
    }
  });

  it("is refused whichever byte is altered", async () => {
    await fc.assert(
      fc.asyncProperty(anyEntries, fc.nat(), fc.integer({ min: 1, max: 255 }), async (items, at, change) => {
        const text = await textOf(entriesOf(items));
        const place = at % (text.length - 1);
        text[place] = (text[place] ?? 0) ^ change;
        await expect(readBack(text, 512)).rejects.toThrow(ExportDamagedError);
      }),
      { numRuns: 300 },
    );
  });

  it("is refused with a line left out, two swapped, or something behind its end, and says why", async () => {
    const items = [1, 2, 3, 4].map((n) => ({ data: new Uint8Array([n]), id: null }));
    const lines = (await textOf(entriesOf(items))).toString().split("\n").slice(0, -1);
    const read = (order: readonly number[]) =>
      readBack(Buffer.from(order.map((index) => `${lines[index]}\n`).join("")));
    await expect(read([0, 2, 3, 4])).rejects.toThrow("line 2: sequence 3 follows 1");
    await expect(read([0, 2, 1, 3, 4])).rejects.toThrow("line 2: sequence 3 follows 1");
    await expect(read([0, 1, 2, 4])).rejects.toThrow("the closing record says count 4, but it is 3");
    await expect(read([1, 2, 3, 4])).rejects.toThrow("the closing record says count 4, but it is 3");
    await expect(read([0, 1, 2, 3, 4, 4])).rejects.toThrow("line 6: there is more after the closing record");
    await expect(read([0, 1])).rejects.toThrow("it is cut off: after sequence 2 there is no closing record");
    await expect(readBack(Buffer.from("hello\n"))).rejects.toThrow("line 1 is no record");
  });
});
