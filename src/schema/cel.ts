/** The part of CEL that rules of custom resources use: an expression becomes a function of the values of its names. */
import type { Json } from "./json.ts";
import {
  called,
  fieldOf,
  indexed,
  isMacro,
  macro,
  operated,
  present,
  truth,
} from "./cel-functions.ts";

/** The value of an expression. Throws when a field is missing or a type does not fit, as CEL does. */
export type Cel = (names: ReadonlyMap<string, Json>) => Json;

const TOKEN =
  /\s*(\d+\.\d+|\d+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*|&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]])/y;

/** Operators from the loosest to the tightest. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Throws for text that this part of CEL does not cover. */
export function parseCel(text: string): Cel {
  return new Parser(text).whole();
}

function tokensOf(text: string): string[] {
  const found: string[] = [];
  const end = text.trimEnd().length;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end;) {
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`unreadable CEL: ${text}`);
    found.push(match[1]!);
  }
  return found;
}

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  whole(): Cel {
    const value = this.#expression();
    if (this.#at < this.#tokens.length) throw new Error(`unexpected ${this.#tokens[this.#at]}`);
    return value;
  }

  #expression(): Cel {
    const test = this.#binary(0);
    if (!this.#take("?")) return test;
    const yes = this.#expression();
    this.#expect(":");
    const no = this.#expression();
    return (names) => (truth(test(names)) ? yes(names) : no(names));
  }

  #binary(level: number): Cel {
    const operators = LEVELS[level];
    if (!operators) return this.#unary();
    let value = this.#binary(level + 1);
    for (;;) {
      const op = this.#tokens[this.#at];
      if (op === undefined || !operators.includes(op)) return value;
      this.#at++;
      const [left, right] = [value, this.#binary(level + 1)];
      value =
        op === "&&" || op === "||"
          ? logical(op === "||", left, right)
          : (names) => operated(op, left(names), right(names));
    }
  }

  #unary(): Cel {
    if (this.#take("!")) {
      const of = this.#unary();
      return (names) => !truth(of(names));
    }
    if (this.#take("-")) {
      const of = this.#unary();
      return (names) => -Number(of(names));
    }
    let value = this.#primary();
    for (;;) {
      const next = this.#postfix(value);
      if (!next) return value;
      value = next;
    }
  }

  /** What `.field`, `.function(...)` or `[index]` make of a value; undefined where none follows. */
  #postfix(of: Cel): Cel | undefined {
    if (this.#take("[")) {
      const at = this.#expression();
      this.#expect("]");
      return (names) => indexed(of(names), at(names));
    }
    if (!this.#take(".")) return undefined;
    const name = this.#next();
    if (!this.#take("(")) return (names) => present(fieldOf(of(names), name), name);
    if (!isMacro(name)) return this.#call(name, [of]);
    const variable = this.#next();
    this.#expect(",");
    const body = this.#expression();
    this.#expect(")");
    return (names) => macro(name, of(names), (item) => body(new Map([...names, [variable, item]])));
  }

  #primary(): Cel {
    if (this.#take("(")) {
      const value = this.#expression();
      this.#expect(")");
      return value;
    }
    if (this.#take("[")) {
      const items = this.#list("]");
      return (names) => items.map((item) => item(names));
    }
    const token = this.#next();
    const value = literal(token);
    if (value !== undefined) return () => value;
    if (!/^\w/.test(token)) throw new Error(`unexpected ${token}`);
    if (!this.#take("(")) return (names) => present(names.get(token), token);
    return token === "has" ? this.#has() : this.#call(token, []);
  }

  /** has(a.b): whether a has the field; everything before the last dot must be there. */
  #has(): Cel {
    const end = this.#tokens.indexOf(")", this.#at);
    const name = this.#tokens[end - 1];
    if (name === undefined || this.#tokens[end - 2] !== ".")
      throw new Error("invalid argument to has() macro");
    this.#tokens.splice(end - 2, 2);
    const of = this.#expression();
    this.#expect(")");
    return (names) => fieldOf(of(names), name) !== undefined;
  }

  #call(name: string, before: Cel[]): Cel {
    const args = [...before, ...this.#list(")")];
    return (names) => called(name, ...args.slice(0, 2).map((arg) => arg(names)));
  }

  #list(end: string): Cel[] {
    const items: Cel[] = [];
    while (!this.#take(end)) {
      if (items.length > 0) this.#expect(",");
      items.push(this.#expression());
    }
    return items;
  }

  #next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error("the expression ends too early");
    return token;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw new Error(`expected ${token}`);
  }
}

/** Either side of && and || may decide alone, even when the other one fails. */
function logical(decisive: boolean, left: Cel, right: Cel): Cel {
  return (names) => {
    let first: boolean;
    try {
      first = truth(left(names));
    } catch (error) {
      if (truth(right(names)) === decisive) return decisive;
      throw error;
    }
    return first === decisive ? decisive : truth(right(names));
  };
}

const WORDS: Record<string, boolean | null> = { true: true, false: false, null: null };
const ESCAPES: Record<string, string> = { n: "\n", t: "\t", r: "\r" };

function literal(token: string): Json | undefined {
  if (/^\d/.test(token)) return Number(token);
  if (Object.hasOwn(WORDS, token)) return WORDS[token];
  if (!/^["']/.test(token)) return undefined;
  return token.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}
