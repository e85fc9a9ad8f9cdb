/** What the aliases of a YAML document stand for, found in one walk. */
import { visit, type Alias, type Document, type ParsedNode } from "yaml";
import { refuse } from "./config-error.ts";
import type { Place } from "./place.ts";

export class AliasTargets {
  readonly #document: Document.Parsed;
  /** Made when the first alias is met: most documents have none. */
  #targets: ReadonlyMap<unknown, ParsedNode> | undefined;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  /**
   * The node behind the alias; throws ConfigError if there is none. LOG-3: the error leaves the
   * name out, because it is a password that begins with `*` and lacks its quotes.
   */
  follow(alias: Alias.Parsed, place: Place): ParsedNode {
    const at = place.at(alias.range[0]);
    this.#targets ??= findTargets(this.#document);
    const target = this.#targets.get(alias);
    const fix = "define the anchor before it, or quote the text if it is no alias";
    if (target === undefined) refuse("yaml-syntax", at, "the alias names no anchor before it", fix);
    const isInside = alias.range[0] < target.range[1];
    if (isInside) refuse("yaml-syntax", at, "the alias stands inside its own anchor", fix);
    return target;
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
