/** Sets of names: whether two have one in common. */
import type { NodeNames } from "./config.ts";

export function shareName(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const name of small) if (large.has(name)) return true;
  return false;
}

/** Whether some known node is in both; undefined stands for all of them. */
export function shareNode(a: NodeNames, b: NodeNames, knownNodes: number): boolean {
  if (a !== undefined && b !== undefined) return shareName(a, b);
  return ((a ?? b)?.size ?? knownNodes) > 0;
}
