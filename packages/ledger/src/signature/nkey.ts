// NKeys as text: base32 of a type, 32 bytes and a checksum (public keys `U…`, seeds `SU…`).

/** The text is no NKey of the wanted kind. */
export class InvalidKeyError extends Error {
  override readonly name = "InvalidKeyError";
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KEY_BYTES = 32;
const CHECKSUM_BYTES = 2;
const USER = 20 << 3;
const SEED = 18 << 3;

/** The 32 bytes of a user's public key `U…`. @throws InvalidKeyError */
export function publicKeyBytes(publicKey: string): Buffer {
  const payload = decodeChecked(publicKey, "a public user NKey (U and 55 letters or digits)");
  if (payload.length !== 1 + KEY_BYTES || payload[0] !== USER) {
    throw new InvalidKeyError("not a public user NKey (U and 55 letters or digits)");
  }
  return payload.subarray(1);
}

/** The 32 bytes of a user's seed `SU…`. @throws InvalidKeyError, which never quotes the seed */
export function seedBytes(seed: string): Buffer {
  const payload = decodeChecked(seed, "the seed of a user NKey");
  const [first = 0, second = 0] = payload;
  // The seed's mark and the kind of key share the first two bytes: five bits, eight bits, three that stay zero.
  const kind = ((first & 0x07) << 5) | (second >> 3);
  if (payload.length !== 2 + KEY_BYTES || (first & 0xf8) !== SEED || kind !== USER) {
    throw new InvalidKeyError("not the seed of a user NKey");
  }
  return payload.subarray(2);
}

/** `U…` of a public key's 32 bytes. */
export function publicKeyText(bytes: Uint8Array): string {
  const payload = Buffer.concat([Buffer.of(USER), bytes]);
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt16LE(crc16(payload));
  return encodeBase32(Buffer.concat([payload, checksum]));
}

function decodeChecked(text: string, what: string): Buffer {
  const bytes = decodeBase32(text.trim());
  if (bytes === undefined || bytes.length <= CHECKSUM_BYTES) throw new InvalidKeyError(`not ${what}`);
  const payload = bytes.subarray(0, -CHECKSUM_BYTES);
  if (bytes.readUInt16LE(payload.length) !== crc16(payload)) {
    throw new InvalidKeyError(`not ${what}: its checksum is wrong`);
  }
  return payload;
}

function decodeBase32(text: string): Buffer | undefined {
  const bytes: number[] = [];
  let [bits, value] = [0, 0];
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) return undefined;
    value = (value << 5) | digit;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(value >> bits);
    value &= (1 << bits) - 1;
  }
  return bits >= 5 || value !== 0 ? undefined : Buffer.from(bytes);
}

function encodeBase32(bytes: Uint8Array): string {
  let [text, bits, value] = ["", 0, 0];
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET.charAt(value >> bits);
      value &= (1 << bits) - 1;
    }
  }
  return bits === 0 ? text : text + ALPHABET.charAt(value << (5 - bits));
}

/** CRC-16/XMODEM: polynomial 0x1021, from 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
}
