/** What all readers of YAML share: what aliases stand for, and messages that keep secrets. */
import { visit, type Alias, type Document, type ParsedNode } from "yaml";

export class AliasTargets {
  readonly #document: Document.Parsed;
  /** Made when the first alias is met: most documents have none. */
  #targets: ReadonlyMap<unknown, ParsedNode> | undefined;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  /**
   * The node behind the alias, or what is wrong with it. LOG-3: that leaves the name out, because
   * it is a password that begins with `*` and lacks its quotes.
   */
  follow(alias: Alias.Parsed): ParsedNode | string {
    this.#targets ??= findTargets(this.#document);
    const target = this.#targets.get(alias);
    if (target === undefined) return "the alias names no anchor before it";
    const isInside = alias.range[0] < target.range[1];
    return isInside ? "the alias stands inside its own anchor" : target;
  }
}

/** An alias stands for the last node before it that carries its name. */
function findTargets(document: Document.Parsed): ReadonlyMap<unknown, ParsedNode> {
  const anchors = new Map<string, ParsedNode>();
  const targets = new Map<unknown, ParsedNode>();
  visit(document, {
    Alias: (_key, alias) => {
      const target = anchors.get(alias.source);
      if (target !== undefined) targets.set(alias, target);
    },
    Value: (_key, node) => {
      if (node.anchor !== undefined) anchors.set(node.anchor, node as ParsedNode);
    },
  });
  return targets;
}

/** LOG-3: a parser's message without the piece of text that it quotes, which may be a password. */
export function yamlProblem(message: string): string {
  return message.replace(/(?<=\w)(?:: | \\).*$/s, "");
}

/** YAML allows few characters below the blank, and no U+FFFE; the parser at hand lets all of them pass. */
export function findControlCharacter(text: string): { pos: [number]; message: string } | undefined {
  const at = text.search(/(?![\t\n\r\u0085])[\p{Cc}\ufffe\uffff]/u);
  return at === -1 ? undefined : { pos: [at], message: "a control character" };
}
