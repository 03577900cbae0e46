// JSON patches (RFC 6902) from what immer gives: the same operations, with the path as a JSON Pointer (RFC 6901).
import type { Patch } from "immer";

export type JsonPatchOperation =
  | { op: "add" | "replace"; path: string; value: unknown }
  | { op: "remove"; path: string };

/** `hidden`: members of the root that readers do not see; patches below them are left out. */
export function jsonPatchOf(
  patches: readonly Patch[],
  hidden: ReadonlySet<string | number>,
): JsonPatchOperation[] {
  return patches.flatMap((patch) => {
    const [member] = patch.path;
    return member !== undefined && hidden.has(member) ? [] : [operationOf(patch)];
  });
}

function operationOf({ op, path, value }: Patch): JsonPatchOperation {
  const pointer = pointerOf(path);
  switch (op) {
    case "remove":
      return { op, path: pointer };
    case "add":
    case "replace":
      return { op, path: pointer, value };
  }
}

/** `["upgrade", "a/b", 0]` → `/upgrade/a~1b/0` */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
