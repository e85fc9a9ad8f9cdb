/** Reads fields of objects that may have any shape: what the API server would refuse is a problem, never a throw. */
import type { Labels } from "../kube/index.ts";
import type { Report } from "./finding-list.ts";

/** A text, and where it stands. */
export interface Word {
  readonly text: string;
  readonly path: string;
}

/** One object's fields; an absent or null field is read as if it were empty. */
export class Fields {
  readonly path: string;
  readonly report: Report;
  readonly #raw: Readonly<Record<string, unknown>>;
  readonly #rule: string;
  /** Paths that are told of, so that reading a field twice tells it once. */
  #broken: Set<string> | undefined;

  /** `rule` is the one that fixes the types of the fields, such as `CRD-10`. */
  constructor(raw: unknown, path: string, report: Report, rule: string) {
    this.path = path;
    this.report = report;
    this.#rule = rule;
    this.#raw = isRecord(raw) ? raw : {};
    if (raw !== undefined && raw !== null && !isRecord(raw)) this.#refuse(path, raw, "an object");
  }

  pathOf(key: string): string {
    return this.path === "" ? key : `${this.path}.${key}`;
  }

  /** Whether any of these fields was read and is of a wrong type. */
  isBroken(...keys: readonly string[]): boolean {
    return keys.some((key) => this.#broken?.has(this.pathOf(key)) === true);
  }

  isSet(key: string): boolean {
    return this.#get(key) !== undefined;
  }

  /** Undefined if absent, or no text. */
  givenText(key: string): string | undefined {
    const value = this.#get(key);
    if (typeof value === "string") return value;
    if (value !== undefined) this.#refuse(this.pathOf(key), value, "text");
    return undefined;
  }

  /** Empty if absent. */
  text(key: string): string {
    return this.givenText(key) ?? "";
  }

  flag(key: string, otherwise = false): boolean {
    const value = this.#get(key);
    if (typeof value === "boolean") return value;
    if (value !== undefined) this.#refuse(this.pathOf(key), value, "true or false");
    return otherwise;
  }

  /** A whole number from `min` to `max`; undefined if absent or anything else. */
  integer(key: string, min: number, max: number): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    const number = typeof value === "bigint" ? Number(value) : value;
    const isFit = typeof number === "number" && Number.isInteger(number);
    if (isFit && number >= min && number <= max) return number;
    this.#refuse(this.pathOf(key), value, `a whole number from ${min} to ${max}`);
    return undefined;
  }

  /** The texts of a list. */
  words(key: string): readonly Word[] {
    const words: Word[] = [];
    for (const [index, item] of this.#items(key).entries()) {
      const path = `${this.pathOf(key)}[${index}]`;
      if (typeof item === "string") words.push({ text: item, path });
      else this.#refuse(path, item, "text");
    }
    return words;
  }

  /** The objects of a list. */
  objects(key: string): readonly Fields[] {
    const objects: Fields[] = [];
    for (const [index, item] of this.#items(key).entries()) {
      const path = `${this.pathOf(key)}[${index}]`;
      if (isRecord(item)) objects.push(new Fields(item, path, this.report, this.#rule));
      else this.#refuse(path, item, "an object");
    }
    return objects;
  }

  /** An object inside; one without fields if absent. */
  inner(key: string): Fields {
    return new Fields(this.#get(key), this.pathOf(key), this.report, this.#rule);
  }

  /** Keys and texts of a map, sorted by key. */
  textMap(key: string): readonly (readonly [string, Word])[] {
    const map = this.inner(key);
    return Object.keys(map.#raw)
      .sort()
      .map((name) => [name, { text: map.text(name), path: map.pathOf(name) }] as const);
  }

  #items(key: string): readonly unknown[] {
    const value = this.#get(key);
    if (Array.isArray(value)) return value;
    if (value !== undefined) this.#refuse(this.pathOf(key), value, "a list");
    return [];
  }

  #get(key: string): unknown {
    return Object.hasOwn(this.#raw, key) ? (this.#raw[key] ?? undefined) : undefined;
  }

  #refuse(path: string, value: unknown, expected: string): void {
    if (this.#broken?.has(path)) return;
    this.#broken = (this.#broken ?? new Set()).add(path);
    const message = `${path || "the object"} is not ${expected}`;
    const shown = isShowable(value) && !path.includes("password") ? { value } : {};
    this.report.add({ code: this.#rule, path, ...shown, message, fix: `write ${expected} there` });
  }
}

/** The object's labels; what is no text is left out. */
export function labelsOf(object: unknown): Labels {
  const { metadata } = isRecord(object) ? object : {};
  const { labels } = isRecord(metadata) ? metadata : {};
  if (!isRecord(labels)) return {};
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => {
      return typeof entry[1] === "string";
    }),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShowable(value: unknown): boolean {
  return ["string", "number", "boolean"].includes(typeof value);
}
