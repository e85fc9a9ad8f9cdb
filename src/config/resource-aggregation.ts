/** Aggregation lengths: within the family's bits, and no shorter than the pool's entries (CFG-31, CFG-33). */
import { formatPrefix } from "../ip/index.ts";
import type { BgpAdvertisement } from "./config.ts";
import type { Fields } from "./resource-fields.ts";
import type { PoolDraft } from "./resource-pools.ts";

type Lengths = Pick<BgpAdvertisement, "aggregationLength" | "aggregationLengthV6">;

const fields = [
  { key: "aggregationLength", max: 32, family: 4 },
  { key: "aggregationLengthV6", max: 128, family: 6 },
] as const;

/** Whatever is wrong, the lengths are usable: the default of the family where they are not. */
export function readLengths(spec: Fields, hasServiceSelectors: boolean): Lengths {
  const lengths = { aggregationLength: 32, aggregationLengthV6: 128 };
  const given = fields.map(({ key }) => spec.integer(key, -(2 ** 31), 2 ** 31 - 1));
  for (const [index, { key, max }] of fields.entries()) {
    const length = given[index] ?? max;
    if (length === max || !hasServiceSelectors) continue;
    const message = `serviceSelectors and a length of ${length} exclude each other`;
    const fix = `remove serviceSelectors, or use ${max}`;
    const at = { path: spec.pathOf(key), value: length };
    spec.report.add({ code: "CFG-33", ...at, message, fix });
  }
  for (const [index, { key, max }] of fields.entries()) {
    const length = given[index] ?? max;
    // A negative one fits where no selected pool has the family, and is refused by every other.
    if (length <= max) lengths[key] = length;
    else refuseLength(length, key, max, spec);
  }
  return lengths;
}

function refuseLength(length: number, key: string, max: number, spec: Fields): void {
  const message = `${length} is no prefix length of ${max} bits`;
  const fix = `use a length from 1 to ${max}`;
  const at = { path: spec.pathOf(key), value: length };
  spec.report.add({ code: "CFG-31", ...at, message, fix });
}

/**
 * CFG-31: of a range, its largest block must be no smaller than what is advertised, of a prefix
 * the prefix itself. Each field is told of once, with the first pool that it does not fit.
 */
export function checkLengths(
  advertisement: BgpAdvertisement,
  pool: PoolDraft,
  { spec, told }: { readonly spec: Fields; readonly told: Set<string> },
): void {
  for (const { key, max, family } of fields) {
    const length = advertisement[key];
    const narrowest = pool.narrowest[family];
    if (narrowest === undefined || narrowest.prefix.bits <= length || told.has(key)) continue;
    told.add(key);
    const { prefix, entry } = narrowest;
    const message =
      `length ${length} is shorter than ${formatPrefix(prefix)}, the widest block of ` +
      `"${entry.text}" in pool "${pool.name}"`;
    const fix = `use a length from ${prefix.bits} to ${max}`;
    spec.report.add({ code: "CFG-31", path: spec.pathOf(key), value: length, message, fix });
  }
}
