/** The last bytes of a program's output, and its last line. Holds no more than it may show. */
export class OutputTail {
  readonly #limit: number;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  add(chunk: Buffer): void {
    const all = Buffer.concat([this.#bytes, chunk]);
    this.#bytes = all.subarray(Math.max(0, all.length - this.#limit));
  }

  /** The last line that is not empty. */
  lastLine(): string {
    return this.#text().trimEnd().split("\n").at(-1)?.trimEnd() ?? "";
  }

  /** `headline` and, below it, as much of the output's end as fits into the limit. */
  after(headline: string): string {
    const text = this.#text().trimEnd();
    const whole = Buffer.from(text === "" ? headline : `${headline}\n${text}`);
    if (whole.length <= this.#limit) return whole.toString();
    const head = `${headline}\n…`;
    const room = Math.max(0, this.#limit - Buffer.byteLength(head));
    const tail = Buffer.from(text);
    return head + decodeTail(tail.subarray(tail.length - room));
  }

  #text(): string {
    return decodeTail(this.#bytes);
  }
}

/** Text of bytes that may begin in the middle of a character: that first part is left out. */
function decodeTail(bytes: Buffer): string {
  let start = 0;
  while (start < Math.min(4, bytes.length) && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return bytes.subarray(start).toString("utf8");
}
