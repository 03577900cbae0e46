// A strict reading of RFC 6902, as far as the ledger's patches use it: nothing is forgiven.
import type { JsonPatchOperation } from "@upgrade-ledger/projections";

type Node = Record<string, unknown> | unknown[];

export function applyJsonPatch(document: object, patch: readonly JsonPatchOperation[]): unknown {
  const root: Record<string, unknown> = { root: structuredClone(document) };
  for (const operation of patch) apply(root, operation);
  return root["root"];
}

function apply(root: Record<string, unknown>, operation: JsonPatchOperation): void {
  const path = ["root", ...partsOf(operation.path)];
  const name = path.pop() ?? "";
  let node: Node = root;
  for (const part of path) node = nodeOf(member(node, part), operation.path);
  const there = Array.isArray(node) ? Number(name) < node.length : Object.hasOwn(node, name);
  switch (operation.op) {
    case "remove":
      if (!there) throw new Error(`remove ${operation.path}: nothing is there`);
      if (Array.isArray(node)) node.splice(Number(name), 1);
      else delete node[name];
      return;
    case "replace":
      if (!there) throw new Error(`replace ${operation.path}: nothing is there`);
      put(node, name, structuredClone(operation.value));
      return;
    case "add":
      if (Array.isArray(node)) {
        if (Number(name) > node.length) throw new Error(`add ${operation.path}: beyond the end`);
        node.splice(Number(name), 0, structuredClone(operation.value));
      } else put(node, name, structuredClone(operation.value));
  }
}

function put(node: Node, name: string, value: unknown): void {
  if (Array.isArray(node)) node[Number(name)] = value;
  else node[name] = value;
}

function member(node: Node, name: string): unknown {
  return Array.isArray(node) ? node[Number(name)] : node[name];
}

function nodeOf(value: unknown, path: string): Node {
  if (Array.isArray(value)) return value;
  if (isObject(value)) return value;
  throw new Error(`${path} leads through something that has no members`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function partsOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
