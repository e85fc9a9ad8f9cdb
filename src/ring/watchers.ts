/**
 * Who watches whom: each member has a few watchers, the same for everybody who knows the same members, and
 * others only where a watcher itself comes or goes (rendezvous hashing). So a node's share stays the same in a large ring.
 */

/**
 * Two: one more than needed. Where both die with the watched member, the next in the order take over their duty
 * (`isWatcher`), so a third would only cost beats.
 */
export const watcherCount = 2;

/** Up to `watcherCount` of `others`, the first ones in the order that belongs to `name`. */
export function watchersOf(name: string, others: Iterable<string>): string[] {
  const nearest: Ranked[] = [];
  for (const other of others) {
    if (other === name) continue;
    const ranked = rankedFor(name, other);
    const at = nearest.findIndex((one) => isNearer(ranked, one));
    if (at >= 0) nearest.splice(at, 0, ranked);
    else if (nearest.length < watcherCount) nearest.push(ranked);
    nearest.length = Math.min(nearest.length, watcherCount);
  }
  return nearest.map(({ other }) => other);
}

/** Whether `own` is among the watchers of `name`; quick, as it looks no further than it must. */
export function isWatcher(own: string, name: string, others: Iterable<string>): boolean {
  if (own === name) return false;
  const self = rankedFor(name, own);
  let nearer = 0;
  for (const other of others) {
    if (other === own || other === name) continue;
    if (isNearer(rankedFor(name, other), self)) nearer++;
    if (nearer === watcherCount) return false;
  }
  return true;
}

/** Whether `one` stands before `another` in the order of the watchers of `name`. */
export function watchesBefore(one: string, another: string, name: string): boolean {
  return isNearer(rankedFor(name, one), rankedFor(name, another));
}

interface Ranked {
  readonly other: string;
  readonly distance: number;
}

function rankedFor(watched: string, other: string): Ranked {
  return { other, distance: hashOf(other, "\n", watched) };
}

function isNearer(a: Ranked, b: Ranked): boolean {
  return a.distance < b.distance || (a.distance === b.distance && a.other < b.other);
}

/** FNV-1a over all texts, then mixed: nothing here needs a secret, only to be even and the same everywhere. */
export function hashOf(...texts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const text of texts) {
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
