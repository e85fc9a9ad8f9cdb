/** What the gossip machine is told about this node, and asks whoever is around it. */

import type { Reprieve } from "./gossip-messages.ts";
import type { PostmanOptions } from "./postman.ts";

export interface GossipOptions extends PostmanOptions {
  /** What we say about ourselves, at most 512 bytes. */
  readonly meta: Uint8Array;
  /** What goes along with our table of members, for our own kind; absent: nothing, as with stock members. */
  readonly userState?: () => Uint8Array;
  /** Asked when a suspect's time is up, and again after each reprieve. Undefined: it is dead. */
  readonly beforeDeath?: (name: string, nowMs: number) => Reprieve | undefined;
}
