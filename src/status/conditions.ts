/** Lists of conditions, of which each type is somebody else's to tell. */
import type { Condition } from "../kube/index.ts";

/**
 * `before` with what is told now; undefined: nothing changes. `now` is RFC 3339 with whole seconds, and becomes the time
 * of conditions whose status is another one than before.
 */
export function mergeConditions(
  before: readonly Condition[],
  told: readonly Omit<Condition, "lastTransitionTime">[],
  now: string,
): Condition[] | undefined {
  const after = new Map(before.map((one) => [one.type, one]));
  for (const condition of told) {
    const known = after.get(condition.type);
    const isSame = known?.status === condition.status;
    const lastTransitionTime = isSame ? known.lastTransitionTime : now;
    after.set(condition.type, { ...condition, lastTransitionTime });
  }
  const merged = [...after.values()];
  const isEqual =
    before.length === merged.length && before.every((one, at) => isAlike(one, merged[at]));
  return isEqual ? undefined : merged;
}

function isAlike(a: Condition, b: Condition | undefined): boolean {
  return a.status === b?.status && a.reason === b.reason && a.message === b.message;
}
