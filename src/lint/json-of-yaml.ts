/** The plain JSON value of a YAML document, in bounded work. */
import { isAlias, isMap, isNode, isScalar, isSeq, type Document, type YAMLMap } from "yaml";
import { AliasTargets } from "../config/index.ts";
import type { Json, JsonObject } from "../schema/index.ts";

export type JsonOfYaml =
  | { readonly ok: true; readonly json: Json }
  | { readonly ok: false; readonly problem: string; readonly offset: number };

/** Values beyond what is written, where aliases repeat it, for each character of the text. */
const readsPerCharacter = 10;
const maxDepth = 200;

/** Replaces aliases and merge keys. Whole numbers beyond 2^53 become bigints. */
export function jsonOfYaml(document: Document.Parsed, textLength: number): JsonOfYaml {
  const reader = new JsonReader(document, 1000 + textLength * readsPerCharacter);
  const json = reader.read(document.contents, 0);
  const { fault } = reader;
  return fault === undefined ? { ok: true, json } : { ok: false, ...fault };
}

class JsonReader {
  /** The first thing that keeps the document from being read, and where in the text. */
  fault: { readonly problem: string; readonly offset: number } | undefined;
  readonly #targets: AliasTargets;
  #readsLeft: number;

  constructor(document: Document.Parsed, readsLeft: number) {
    this.#targets = new AliasTargets(document);
    this.#readsLeft = readsLeft;
  }

  read(node: unknown, depth: number): Json {
    this.#readsLeft -= 1;
    if (this.#readsLeft < 0) this.#refuse("aliases multiply this document beyond measure", node);
    if (depth > maxDepth) {
      this.#refuse(`more than ${maxDepth} values stand inside one another`, node);
    }
    if (this.fault !== undefined) return null;
    if (isAlias(node)) return this.#readAlias(node as Parameters<AliasTargets["follow"]>[0], depth);
    if (isMap(node)) return this.#readMap(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.read(item, depth + 1));
    return isScalar(node) ? scalarValue(node.value) : null;
  }

  #readAlias(alias: Parameters<AliasTargets["follow"]>[0], depth: number): Json {
    const target = this.#targets.follow(alias);
    if (typeof target !== "string") return this.read(target, depth + 1);
    this.#refuse(target, alias);
    return null;
  }

  #readMap(map: YAMLMap, depth: number): JsonObject {
    const own = new Map<string, Json>();
    const merged: Json[] = [];
    for (const { key, value } of map.items) {
      if (isMergeKey(key)) {
        merged.push(this.read(value, depth + 1));
        continue;
      }
      const name = keyText(this.read(key, depth + 1));
      if (own.has(name)) this.#refuse("a key is given twice", key);
      own.set(name, this.read(value, depth + 1));
    }
    for (const source of merged.flat()) {
      if (typeof source !== "object" || source === null) continue;
      for (const [key, value] of Object.entries(source)) if (!own.has(key)) own.set(key, value);
    }
    return Object.fromEntries(own);
  }

  #refuse(problem: string, node: unknown): void {
    const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
    this.fault ??= { problem, offset };
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.source === "<<" && key.type === "PLAIN";
}

function keyText(key: Json): string {
  return typeof key === "object" ? JSON.stringify(key) : String(key);
}

function scalarValue(value: unknown): Json {
  switch (typeof value) {
    case "bigint": {
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    }
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    default:
      return null;
  }
}
