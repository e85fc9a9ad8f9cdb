/** How the addresses of a `bgp` pool are advertised (LC-11). */
import { formatPrefix, type Prefix } from "../ip/index.ts";
import { compileCommunities, type CommunityAliases } from "./communities.ts";
import type { BgpAdvertisement } from "./config.ts";
import type { Faults } from "./config-error.ts";
import { integer, list, mapping, text, type Located, type ShapeOf } from "./strict-yaml.ts";

// A length is any number here, so that one beyond the family's bits gets its own words below.
const length = integer(-(2 ** 31), 2 ** 31 - 1);

export const advertisementShape = mapping(
  {
    "aggregation-length": length,
    "aggregation-length-v6": length,
    localpref: integer(0, 0xffff_ffff),
    communities: list(text),
  },
  ["aggregation-length-v6"],
);
type RawAdvertisement = ShapeOf<typeof advertisementShape>;

/** What no ConfigMap can say: from all nodes, to all peers, for all services. */
const everywhere = {
  name: "",
  largeCommunities: [],
  nodes: undefined,
  peers: undefined,
  serviceSelectors: [],
} as const;

/** What a `bgp` pool without a list gets: no length check, hence fit for IPv6 too. */
export const implicitAdvertisement: BgpAdvertisement = {
  ...everywhere,
  aggregationLength: 32,
  aggregationLengthV6: 128,
  localPref: 0,
  communities: [],
};

/** What the advertisements of a pool are checked against. */
export interface AdvertisementContext {
  readonly prefixes: readonly Prefix[];
  readonly aliases: CommunityAliases;
  readonly generation: "0.9.5" | "late";
  readonly faults: Faults;
}

export function compileAdvertisement(
  raw: RawAdvertisement,
  { prefixes, aliases, generation, faults }: AdvertisementContext,
): BgpAdvertisement {
  // 0.9.5 has one length for both families; hence it refuses explicit lists on most IPv6 pools.
  const isFirst = (prefix: Prefix) => prefix.family === 4 || generation === "0.9.5";
  const [first, others] = [prefixes.filter(isFirst), prefixes.filter((one) => !isFirst(one))];
  const [length, lengthV6] = [raw["aggregation-length"], raw["aggregation-length-v6"]];
  checkLength(32, length, first, faults);
  checkLength(128, lengthV6, others, faults);
  return {
    ...everywhere,
    aggregationLength: length.value ?? 32,
    aggregationLengthV6: lengthV6.value ?? 128,
    localPref: raw.localpref.value ?? 0,
    communities: compileCommunities(raw.communities.value, aliases, faults),
  };
}

function checkLength(
  max: 32 | 128,
  raw: Located<number | undefined>,
  prefixes: readonly Prefix[],
  faults: Faults,
): void {
  const { value: length = max } = raw;
  if (length > max) {
    const fix = `use a length of at most ${max}`;
    faults.add("bad-aggregation-length", raw, `${length} is more than ${max} bits`, fix);
    return;
  }
  const narrow = prefixes.find((prefix) => prefix.bits > length);
  if (narrow === undefined) return;
  const problem = `length ${length} is shorter than the pool's prefix ${formatPrefix(narrow)}`;
  const fix =
    narrow.bits <= max
      ? `use a length of at least ${narrow.bits}`
      : "remove the whole bgp-advertisements list, or move the IPv6 addresses to another pool";
  faults.add("bad-aggregation-length", raw, problem, fix);
}
