/** Orders versions as SemVer 2.0 does; what is no version (`unknown`, empty) comes first. */
export function compareVersions(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left === undefined || right === undefined)
    return Number(left !== undefined) - Number(right !== undefined);
  for (const index of [0, 1, 2] as const) {
    const difference = left.numbers[index] - right.numbers[index];
    if (difference !== 0) return difference;
  }
  return comparePreReleases(left.preRelease, right.preRelease);
}

type Parts = ReturnType<typeof split>;

/** A fleet runs few versions, and sorting it compares each of them many times. */
const known = new Map<string, Parts>();
const KNOWN_AT_MOST = 1_000;

function partsOf(version: string): Parts {
  if (known.has(version)) return known.get(version);
  if (known.size >= KNOWN_AT_MOST) known.clear();
  const parts = split(version);
  known.set(version, parts);
  return parts;
}

function split(version: string) {
  const match = /^(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?/.exec(version);
  if (match === null) return undefined;
  const numbers = [Number(match[1]), Number(match[2]), Number(match[3])] as const;
  return { numbers, preRelease: match[4]?.split(".") ?? [] };
}

/** None is later than any; numbers come before words; of equal beginnings the shorter comes first. */
function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (const [index, left] of a.entries()) {
    const right = b[index];
    if (right === undefined) return 1;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (leftNumber && rightNumber) return Number(left) - Number(right);
    if (leftNumber !== rightNumber) return leftNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
