import { InvalidArgumentError } from "@commander-js/extra-typings";

/** Reads an argument that counts something. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError("It must be a whole number from 1.");
  return value;
}
