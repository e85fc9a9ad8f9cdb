/** Gossip between speakers: hashicorp/memberlist's protocol as a pure machine (gossip.md). */
export { Gossip } from "./gossip.ts";
export type { GossipOptions } from "./gossip-options.ts";
export type {
  FailedJoin,
  GossipCommand,
  GossipEvent,
  MemberChange,
  Reprieve,
} from "./gossip-messages.ts";
export { isUsable, type Member, type MemberState, type Place } from "./member.ts";
export { placeOf } from "./postman.ts";
export { lanTimings, newsMs, type Timings, wanTimings } from "./timings.ts";
export type { Accusation, PacketMessage, PushPull, StreamMessage } from "./wire/index.ts";
export {
  decodePacket,
  encodePacket,
  encodeStream,
  gossipKey,
  gossipKeys,
  type PacketProblem,
  type ProblemReason,
  StreamReader,
} from "./wire/index.ts";
