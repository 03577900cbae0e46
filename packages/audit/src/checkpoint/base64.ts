/** Bytes of base64 in its one canonical form; `undefined` for anything else (Node's own decoder takes much more). */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}
