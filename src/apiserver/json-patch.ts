/** JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396). */
import { type Json, type JsonObject, clone, equal, isRecord, textOf } from "../schema/index.ts";
import { ApiError, badRequest } from "./api-error.ts";

/** RFC 7396: null removes, maps merge, everything else replaces. Returns a new value. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isRecord(patch)) return patch;
  const merged: JsonObject = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}

/** RFC 6902. Throws 400 for a malformed patch and 422 when an operation cannot be done or a test fails. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations)) {
    throw badRequest("error decoding patch: a JSON patch is a list of operations");
  }
  let document = clone(target);
  for (const operation of operations) document = applied(document, operation);
  return document;
}

function rejected(): ApiError {
  const message = "the server rejected our request due to an error in our request";
  return new ApiError(422, "Invalid", message, {});
}

function applied(document: Json, operation: Json): Json {
  if (!isRecord(operation) || typeof operation.path !== "string") throw rejected();
  const path = pointer(operation.path);
  switch (operation.op) {
    case "add":
      return add(document, path, needed(operation.value));
    case "remove":
      return remove(document, path);
    case "replace":
      return replace(document, path, needed(operation.value));
    case "test":
      if (!equal(at(document, path), operation.value)) throw rejected();
      return document;
    case "move": {
      const from = pointer(textOf(operation.from));
      const value = at(document, from);
      return add(remove(document, from), path, needed(value));
    }
    case "copy":
      return add(document, path, clone(needed(at(document, pointer(textOf(operation.from))))));
    default:
      throw rejected();
  }
}

function needed(value: Json | undefined): Json {
  if (value === undefined) throw rejected();
  return value;
}

function pointer(text: string): string[] {
  if (text === "") return [];
  if (!text.startsWith("/")) throw rejected();
  const parts = text.slice(1).split("/");
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function at(document: Json, path: string[]): Json | undefined {
  let value: Json | undefined = document;
  for (const part of path) {
    if (Array.isArray(value)) value = value[index(part, value.length - 1)];
    else if (isRecord(value)) value = value[part];
    else return undefined;
  }
  return value;
}

function index(part: string, last: number): number {
  if (!/^(0|[1-9]\d*)$/.test(part) || Number(part) > last) throw rejected();
  return Number(part);
}

function parentOf(document: Json, path: string[]): { parent: Json[] | JsonObject; last: string } {
  const parent = at(document, path.slice(0, -1));
  if (!Array.isArray(parent) && !isRecord(parent)) throw rejected();
  return { parent, last: path.at(-1)! };
}

function add(document: Json, path: string[], value: Json): Json {
  if (path.length === 0) return value;
  const { parent, last } = parentOf(document, path);
  if (Array.isArray(parent)) {
    parent.splice(last === "-" ? parent.length : index(last, parent.length), 0, value);
  } else parent[last] = value;
  return document;
}

function remove(document: Json, path: string[]): Json {
  const { parent, last } = parentOf(document, path);
  if (Array.isArray(parent)) parent.splice(index(last, parent.length - 1), 1);
  else {
    if (!(last in parent)) throw rejected();
    delete parent[last];
  }
  return document;
}

/** Unlike the RFC, Kubernetes lets "replace" set a key that is not there. */
function replace(document: Json, path: string[], value: Json): Json {
  if (path.length === 0) return value;
  const { parent, last } = parentOf(document, path);
  if (Array.isArray(parent)) parent[index(last, parent.length - 1)] = value;
  else parent[last] = value;
  return document;
}
