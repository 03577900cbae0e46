// Signed notes and checkpoints, against a published note and against every small damage.
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  InvalidNoteError,
  InvalidNoteKeyError,
  leafHash,
  newSignerKey,
  parseNote,
  parseSignerKey,
  parseVerifierKey,
  readCheckpoint,
  signCheckpoint,
  signNote,
  verifyNote,
} from "../src/index.ts";

/** The example of the Go project's note package. */
const GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
  "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

const signer = parseSignerKey(newSignerKey("ledger.example"));
const checkpoint = {
  origin: "ledger.example/upgrades",
  size: 41_210,
  root: leafHash(Buffer.from("a root")),
  lastSeq: 41_210,
  signedAt: "2026-05-06T22:51:14.000Z",
  writerKeys: ["UA", "UB"],
};

describe("a signed note", () => {
  it("made elsewhere is verified", () => {
    expect(verifyNote(parseNote(GO_NOTE), [parseVerifierKey(GO_KEY)])).toBe("signed");
    expect(parseVerifierKey(GO_KEY).text).toBe(GO_KEY);
    const changed = parseNote(GO_NOTE.replace("cryptography", "cryptographY"));
    expect(verifyNote(changed, [parseVerifierKey(GO_KEY)])).toBe("wrong");
    expect(verifyNote(parseNote(GO_NOTE), [signer.verifier])).toBe("unknown-key");
  });

  it("holds any text of whole lines, and is verified by its key alone", () => {
    const other = parseSignerKey(newSignerKey("ledger.example"));
    fc.assert(
      fc.property(fc.string(), (line) => {
        const text = `${line.replaceAll("\n", "")}\n`;
        const note = parseNote(signNote(text, signer));
        expect(note.text).toBe(text);
        expect(verifyNote(note, [other.verifier, signer.verifier])).toBe("signed");
        expect(verifyNote(note, [other.verifier])).toBe("unknown-key");
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    "",
    "text\n",
    "text\n\n",
    "text\n\n— name\n",
    "text\n\n— name AAAA\n",
    `${signNote("a\n", signer)} `,
  ])("that is none is refused: %j", (text) => {
    expect(() => parseNote(text)).toThrow(InvalidNoteError);
  });
});

describe("a key", () => {
  it("is read back as it was written", () => {
    const text = newSignerKey("a");
    expect(parseSignerKey(text).verifier.text).toBe(
      parseVerifierKey(parseSignerKey(text).verifier.text).text,
    );
  });

  it.each([
    "",
    "a+00000000+AAAA",
    GO_KEY.replace("c74f", "c74e"),
    GO_KEY.replace("Peter", "Petra"),
    newSignerKey("a"),
  ])("that does not fit together is refused", (text) => {
    expect(() => parseVerifierKey(text)).toThrow(InvalidNoteKeyError);
  });

  it("that signs is never quoted", () => {
    expect(() => newSignerKey("a b")).toThrow(InvalidNoteKeyError);
    expect(() => parseSignerKey(`${newSignerKey("a")}A`)).toThrow(/^not a signer key/);
    expect(() => parseSignerKey(newSignerKey("a").replace("+a+", "+b+"))).toThrow(
      /^a signer key whose id is not its own/,
    );
  });
});

describe("a checkpoint", () => {
  const text = signCheckpoint(checkpoint, signer);

  it("is three lines, ours, and a signature", () => {
    expect(text.split("\n").slice(0, 8)).toEqual([
      "ledger.example/upgrades",
      "41210",
      checkpoint.root.toString("base64"),
      "last-sequence 41210",
      "signed-at 2026-05-06T22:51:14.000Z",
      "writer-key UA",
      "writer-key UB",
      "",
    ]);
    expect(readCheckpoint(text).checkpoint).toEqual(checkpoint);
    expect(verifyNote(readCheckpoint(text).note, [signer.verifier])).toBe("signed");
  });

  it("may carry lines that we do not know", () => {
    const { checkpoint: read } = readCheckpoint(text.replace("signed-at", "weather fine\nsigned-at"));
    expect(read).toEqual(checkpoint);
  });

  it("with any character changed is refused, or not signed", () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.constantFrom("a", "0", "\n", " ", "+"), (at, other) => {
        fc.pre(text[at] !== other);
        const spoiled = `${text.slice(0, at)}${other}${text.slice(at + 1)}`;
        expect(verdictOf(spoiled)).not.toBe("signed");
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["\n\n", "an empty origin"],
    ["o\n-1\n", "a size"],
    ["o\n01\n", "a size"],
    ["o\n1\nAAAA\n", "a root"],
    [`o\n1\n${checkpoint.root.toString("base64")}\n`, "a last sequence"],
  ])("%j lacks %s", (head) => {
    expect(() => readCheckpoint(signNote(head, signer))).toThrow(InvalidNoteError);
  });
});

function verdictOf(text: string): string {
  try {
    return verifyNote(readCheckpoint(text).note, [signer.verifier]);
  } catch (error) {
    if (error instanceof InvalidNoteError) return "refused";
    throw error;
  }
}
