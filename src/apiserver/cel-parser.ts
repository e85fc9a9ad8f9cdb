/** The part of CEL that rules of custom resources use, as a tree: literals, fields, calls, operators, macros. */

export type CelNode =
  | { kind: "literal"; value: string | number | boolean | null }
  | { kind: "name"; name: string }
  | { kind: "field"; of: CelNode; name: string }
  | { kind: "index"; of: CelNode; at: CelNode }
  | { kind: "call"; name: string; of: CelNode | undefined; args: CelNode[] }
  | { kind: "list"; items: CelNode[] }
  | { kind: "unary"; op: string; of: CelNode }
  | { kind: "binary"; op: string; left: CelNode; right: CelNode }
  | { kind: "choice"; test: CelNode; yes: CelNode; no: CelNode };

const TOKEN =
  /\s*(?:(\d+\.\d+|\d+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(&&|\|\||[=!<>]=|[-+*/%<>!?:.,()[\]]))/y;

/** Operators from the loosest to the tightest. */
const LEVELS = [
  ["||"],
  ["&&"],
  ["==", "!=", "<", "<=", ">", ">=", "in"],
  ["+", "-"],
  ["*", "/", "%"],
];

/** Throws for text that this part of CEL does not cover. */
export function parseCel(text: string): CelNode {
  const parser = new Parser(tokens(text));
  const node = parser.expression();
  parser.expectEnd();
  return node;
}

function tokens(text: string): string[] {
  const found: string[] = [];
  const end = text.trimEnd().length;
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < end;) {
    const match = TOKEN.exec(text);
    if (!match) throw new Error(`unreadable CEL: ${text}`);
    found.push(match[0].trim());
  }
  return found;
}

class Parser {
  readonly #tokens: string[];
  #at = 0;

  constructor(all: string[]) {
    this.#tokens = all;
  }

  expression(): CelNode {
    const test = this.#binary(0);
    if (!this.#take("?")) return test;
    const yes = this.expression();
    this.#expect(":");
    return { kind: "choice", test, yes, no: this.expression() };
  }

  expectEnd(): void {
    if (this.#at < this.#tokens.length) throw new Error(`unexpected ${this.#tokens[this.#at]}`);
  }

  #binary(level: number): CelNode {
    const operators = LEVELS[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const op = this.#tokens[this.#at];
      if (op === undefined || !operators.includes(op)) return left;
      this.#at++;
      left = { kind: "binary", op, left, right: this.#binary(level + 1) };
    }
  }

  #unary(): CelNode {
    for (const op of ["!", "-"])
      if (this.#take(op)) return { kind: "unary", op, of: this.#unary() };
    return this.#postfix(this.#primary());
  }

  #postfix(start: CelNode): CelNode {
    let node = start;
    for (;;) {
      if (this.#take(".")) {
        const name = this.#next();
        node = this.#take("(")
          ? { kind: "call", name, of: node, args: this.#list(")") }
          : { kind: "field", of: node, name };
      } else if (this.#take("[")) {
        node = { kind: "index", of: node, at: this.expression() };
        this.#expect("]");
      } else return node;
    }
  }

  #primary(): CelNode {
    if (this.#take("(")) {
      const node = this.expression();
      this.#expect(")");
      return node;
    }
    if (this.#take("[")) return { kind: "list", items: this.#list("]") };
    const token = this.#next();
    const value = literal(token);
    if (value !== undefined) return { kind: "literal", value };
    if (!/^\w/.test(token)) throw new Error(`unexpected ${token}`);
    if (this.#take("(")) return { kind: "call", name: token, of: undefined, args: this.#list(")") };
    return { kind: "name", name: token };
  }

  #list(end: string): CelNode[] {
    const items: CelNode[] = [];
    while (!this.#take(end)) {
      if (items.length > 0) this.#expect(",");
      items.push(this.expression());
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

const WORDS: Record<string, boolean | null> = { true: true, false: false, null: null };

function literal(token: string): string | number | boolean | null | undefined {
  if (/^\d/.test(token)) return Number(token);
  if (Object.hasOwn(WORDS, token)) return WORDS[token];
  if (!/^["']/.test(token)) return undefined;
  const escapes: Record<string, string> = { n: "\n", t: "\t", r: "\r" };
  return token.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => escapes[letter] ?? letter);
}
