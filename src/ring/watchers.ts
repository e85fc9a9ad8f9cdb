/**
 * Who watches whom: each member has a few watchers, the same for everybody who knows the same members, and
 * others only where a watcher itself comes or goes (rendezvous hashing). So a node's share stays the same in a large ring.
 */

/** Three, so that one that errs is outvoted, and two that die with the watched one leave a third. */
export const watcherCount = 3;

/** Up to `watcherCount` of `others`, the first ones in the order that belongs to `name`. */
export function watchersOf(name: string, others: Iterable<string>): string[] {
  const nearest: { readonly other: string; readonly distance: number }[] = [];
  for (const other of others) {
    if (other === name) continue;
    const distance = distanceOf(other, name);
    const at = nearest.findIndex((one) => isNearer({ other, distance }, one));
    if (at >= 0) nearest.splice(at, 0, { other, distance });
    else if (nearest.length < watcherCount) nearest.push({ other, distance });
    nearest.length = Math.min(nearest.length, watcherCount);
  }
  return nearest.map(({ other }) => other);
}

interface Ranked {
  readonly other: string;
  readonly distance: number;
}

function isNearer(a: Ranked, b: Ranked): boolean {
  return a.distance < b.distance || (a.distance === b.distance && a.other < b.other);
}

function distanceOf(watcher: string, watched: string): number {
  return hashOf(watcher, "\n", watched);
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
