/** BGP communities in resources: literals and the aliases of Community objects (CFG-30, CRD-17). */
import type { Community } from "../kube/index.ts";
import type { FindingList } from "./finding-list.ts";
import { Fields, type Word } from "./resource-fields.ts";

/** RFC 1997: one 32-bit number; RFC 8092: `A:B:C`. */
export type CommunityValue = { readonly standard: number } | { readonly large: string };

export type ParsedCommunity =
  | { readonly ok: true; readonly value: CommunityValue }
  /** A wrong `format` may be a word that is defined as an alias later, a wrong `value` never is. */
  | { readonly ok: false; readonly wrong: "format" | "value" };

/** `A:B` with 16-bit numbers, or `large:A:B:C` with 32-bit numbers. */
export function parseCommunity(text: string): ParsedCommunity {
  const sections = text.split(":");
  if (sections.length === 2) {
    const [high, low] = sections.map((section) => parseNumber(section, 0xffff));
    if (high === undefined || low === undefined) return { ok: false, wrong: "value" };
    return { ok: true, value: { standard: high * 0x10000 + low } };
  }
  if (sections.length !== 4) return { ok: false, wrong: "format" };
  const numbers = sections.slice(1).map((section) => parseNumber(section, 0xffff_ffff));
  if (sections[0] !== "large" || numbers.includes(undefined)) return { ok: false, wrong: "value" };
  return { ok: true, value: { large: numbers.join(":") } };
}

function parseNumber(text: string, max: number): number | undefined {
  const number = Number(text);
  return /^\d+$/.test(text) && number <= max ? number : undefined;
}

const fix = "write it as 65000:8 with numbers up to 65535, or as large:A:B:C with 32-bit numbers";

export type CommunityAliases = ReadonlyMap<string, CommunityValue>;

/** Every value is checked, used or not. */
export function compileAliases(
  objects: readonly Community[],
  findings: FindingList,
): CommunityAliases {
  const aliases = new Map<string, CommunityValue>();
  const definedBy = new Map<string, string>();
  for (const object of objects) {
    const report = findings.begin("Community", object);
    const spec = new Fields(object?.spec, "spec", report, "CRD-17");
    for (const alias of spec.objects("communities")) {
      const [name, text] = [alias.text("name"), alias.text("value")];
      const parsed = parseCommunity(text);
      if (!parsed.ok) {
        const message = `alias "${name}": invalid community ${parsed.wrong} "${text}"`;
        report.add({ code: "CFG-30", path: alias.pathOf("value"), value: text, message, fix });
      }
      const earlier = definedBy.get(name);
      if (earlier !== undefined) {
        const message = `the alias "${name}" is already defined by ${earlier}`;
        const at = { path: alias.pathOf("name"), value: name };
        report.add({ code: "CFG-30", ...at, message, fix: "define each alias once" });
      } else {
        definedBy.set(name, `${report.object}, ${alias.path}`);
        // Also one that is wrong is an alias: its uses are not wrong once more.
        aliases.set(name, parsed.ok ? parsed.value : { standard: 0 });
      }
    }
  }
  return aliases;
}

/** Aliases first, then literals; two names for one value collapse. */
export function compileCommunities(
  words: readonly Word[],
  aliases: CommunityAliases,
  spec: Fields,
): { communities: readonly number[]; largeCommunities: readonly string[] } {
  const communities = new Set<number>();
  const largeCommunities = new Set<string>();
  for (const { text, path } of words) {
    const parsed = parseCommunity(text);
    const value = aliases.get(text) ?? (parsed.ok ? parsed.value : undefined);
    if (value === undefined) refuseCommunity({ text, path }, parsed, spec);
    else if ("large" in value) largeCommunities.add(value.large);
    else communities.add(value.standard);
  }
  return { communities: [...communities], largeCommunities: [...largeCommunities] };
}

function refuseCommunity({ text, path }: Word, parsed: ParsedCommunity, { report }: Fields): void {
  const at = { code: "CFG-30", path, value: text };
  if (!parsed.ok && parsed.wrong === "format") {
    const message = `invalid community format: "${text}" is neither an alias nor a community`;
    const mend = `define the alias in a Community object, or ${fix}`;
    report.add({ ...at, message, fix: mend, isTransient: true });
  } else {
    report.add({ ...at, message: `invalid community value "${text}"`, fix });
  }
}
