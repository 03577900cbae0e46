/** Whether a dotted version is at least another; what follows the third number is ignored. */
export function isAtLeast(version, minimum) {
  const given = numbers(version);
  for (const [index, part] of numbers(minimum).entries()) {
    if (given[index] !== part) return (given[index] ?? 0) > part;
  }
  return true;
}

function numbers(version) {
  return version
    .split(/[^0-9]+/)
    .slice(0, 3)
    .map(Number);
}
