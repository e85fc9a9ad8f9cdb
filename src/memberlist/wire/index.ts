/** The wire protocol of hashicorp/memberlist as pure functions: bytes to messages and back (gossip rules ML-1..63). */
export type {
  Accusation,
  Ack,
  Alive,
  ErrorAnswer,
  IndirectPing,
  Message,
  Nack,
  PacketMessage,
  Ping,
  PushPull,
  PushPullNode,
  StreamMessage,
  User,
  UserStream,
} from "./messages.ts";
export { encodeMessage, encodeStreamMessage } from "./encode-message.ts";
export { decodeMessage, type DecodedMessage } from "./decode-message.ts";
export { encodePacket, type PacketEncoding } from "./encode-packet.ts";
export { decodePacket, type DecodedPacket, type PacketDecoding } from "./decode-packet.ts";
export { encodeStream, type StreamEncoding } from "./encode-stream.ts";
export { type StreamDecoding, type StreamRead, StreamReader } from "./stream-reader.ts";
export type { Problem as PacketProblem, ProblemReason } from "./problem.ts";
export { gossipKey, gossipKeys } from "./key.ts";
export { gossipRoom, messageCost, piggybackRoom, type RoomSettings } from "./message-room.ts";
