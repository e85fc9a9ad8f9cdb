/** BGP communities: literals `A:B`, and the document's own names for them (LC-12). */
import { refuse } from "./config-error.ts";
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
export function compileAliases(raw: ReadonlyMap<string, Located<string>>): CommunityAliases {
  const aliases = new Map<string, number>();
  for (const [name, { value, place }] of raw) {
    const community = parseCommunity(value);
    if (community === undefined) {
      refuse("bad-community", place, `alias "${name}" has no community value: "${value}"`, fix);
    }
    aliases.set(name, community);
  }
  return aliases;
}

/** Aliases first, then literals; repeats collapse. */
export function compileCommunities(
  raw: readonly Located<string | undefined>[],
  aliases: CommunityAliases,
): number[] {
  const communities = raw.map(({ value = "", place }) => {
    const community = aliases.get(value) ?? parseCommunity(value);
    if (community !== undefined) return community;
    const problem = `"${value}" is neither an alias of bgp-communities nor a community`;
    return refuse("bad-community", place, problem, `define the alias, or ${fix}`);
  });
  return [...new Set(communities)];
}
