/** BGP communities: literals `A:B`, and the document's own names for them (LC-12). */
import type { Faults } from "./config-error.ts";
import type { Located } from "./strict-yaml.ts";

export type CommunityAliases = ReadonlyMap<string, number>;

/** RFC 1997: two 16-bit halves as one number; undefined if the text is no such pair. */
function parseCommunity(text: string): number | undefined {
  const match = /^(\d+):(\d+)$/.exec(text);
  const high = Number(match?.[1]);
  const low = Number(match?.[2]);
  return high <= 0xffff && low <= 0xffff ? high * 0x10000 + low : undefined;
}

const fix = "write it as A:B with two numbers from 0 to 65535, such as 65000:8";

/** Every value is checked, used or not. */
export function compileAliases(
  raw: ReadonlyMap<string, Located<string>>,
  faults: Faults,
): CommunityAliases {
  const aliases = new Map<string, number>();
  for (const [name, alias] of raw) {
    const community = parseCommunity(alias.value);
    if (community === undefined && !faults.isBroken(alias.place)) {
      const problem = `alias "${name}" has no community value: "${alias.value}"`;
      faults.add("bad-community", alias, problem, fix);
    }
    // Also one that is wrong is an alias: its uses are not wrong once more.
    aliases.set(name, community ?? 0);
  }
  return aliases;
}

/** Aliases first, then literals; repeats collapse. */
export function compileCommunities(
  raw: readonly Located<string | undefined>[],
  aliases: CommunityAliases,
  faults: Faults,
): number[] {
  const communities = raw.map((one) => {
    const text = one.value ?? "";
    const community = aliases.get(text) ?? parseCommunity(text);
    if (community === undefined) {
      const problem = `"${text}" is neither an alias of bgp-communities nor a community`;
      faults.add("bad-community", one, problem, `define the alias, or ${fix}`);
    }
    return community ?? 0;
  });
  return [...new Set(communities)];
}
