/** Whom a speaker counts as alive, in four bytes that go along with each beat. */

import { isUsable, type Member } from "../memberlist/index.ts";
import { readOwnKind } from "./own-kind.ts";
import { hashOf } from "./watchers.ts";

/** All who may announce, where they are, and what our kind says of itself, in 32 bits; the order is of no importance. */
export function viewOf(members: Iterable<Member>): number {
  let view = 0;
  for (const member of members) {
    if (!isUsable(member)) continue;
    const { name, address, meta } = member;
    view ^= hashOf(name, "\n", address, "\n", readOwnKind(meta)?.text ?? "");
  }
  return view >>> 0;
}
