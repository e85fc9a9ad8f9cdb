/** Addresses that only our nodes may use: who else has one as its sender is looked at. */

import type { Config } from "../config/index.ts";
import { prefixLast } from "../ip/index.ts";
import type { SenderRange } from "../platform/index.ts";

/** Each frame that the kernel looks at is compared with all. */
const most = 200;

/** IPv4 addresses of all pools, in order, joined where they touch; one range around all where there would be more than 200. */
export function watchedRanges(config: Config): readonly SenderRange[] {
  const ranges = [...config.pools.values()]
    .flatMap(({ prefixes }) => prefixes.filter(({ family }) => family === 4))
    .map((prefix) => ({ first: Number(prefix.first), last: Number(prefixLast(prefix)) }))
    .sort((a, b) => a.first - b.first);
  const joined: { first: number; last: number }[] = [];
  for (const range of ranges) {
    const before = joined.at(-1);
    if (before === undefined || range.first > before.last + 1) joined.push(range);
    else before.last = Math.max(before.last, range.last);
  }
  const [head, tail] = [joined[0], joined.at(-1)];
  if (head === undefined || tail === undefined || joined.length <= most) return joined;
  return [{ first: head.first, last: tail.last }];
}
