/** What memberlist nodes say to each other, as values (ML-26a..l). Byte fields never point into a packet. */

interface Source {
  /** Where the answer shall go, if not to where the packet came from (ML-86). */
  readonly sourceAddr?: Uint8Array;
  readonly sourcePort?: number;
  readonly sourceNode?: string;
}

export interface Ping extends Source {
  readonly kind: "ping";
  readonly seqNo: number;
  readonly node: string;
}

export interface IndirectPing extends Source {
  readonly kind: "indirect-ping";
  readonly seqNo: number;
  /** 4 or 16 bytes (ML-27b). */
  readonly target: Uint8Array;
  /** 0 stands for the receiver's own port (ML-87). */
  readonly port: number;
  readonly node: string;
  readonly nack: boolean;
}

export interface Ack {
  readonly kind: "ack";
  readonly seqNo: number;
  readonly payload?: Uint8Array;
}

export interface Nack {
  readonly kind: "nack";
  readonly seqNo: number;
}

/** That a node may be dead, or is; a dead message with `from` = `node` is a farewell (ML-102). */
export interface Accusation {
  readonly kind: "suspect" | "dead";
  readonly incarnation: number;
  readonly node: string;
  readonly from: string;
}

export interface Alive {
  readonly kind: "alive";
  readonly incarnation: number;
  readonly node: string;
  readonly addr: Uint8Array;
  readonly port: number;
  /** Empty when the peer has none (ML-20). */
  readonly meta: Uint8Array;
  /** pmin, pmax, pcur, dmin, dmax, dcur (ML-27c), or what a peer sent instead. */
  readonly vsn: Uint8Array;
}

export interface User {
  readonly kind: "user";
  readonly payload: Uint8Array;
}

/** A node as push/pull tells it; state 0 alive, 1 suspect, 2 dead, 3 left (ML-15), unknown ones kept. */
export interface PushPullNode {
  readonly name: string;
  readonly addr: Uint8Array;
  /** 0 stands for the receiver's own port (ML-72). */
  readonly port: number;
  readonly meta: Uint8Array;
  readonly incarnation: number;
  readonly state: number;
  readonly vsn: Uint8Array;
}

export interface PushPull {
  readonly kind: "push-pull";
  readonly isJoin: boolean;
  readonly nodes: readonly PushPullNode[];
  readonly userState: Uint8Array;
}

/** The answer to a stream that could not be read (ML-75). */
export interface ErrorAnswer {
  readonly kind: "error";
  readonly error: string;
}

export interface UserStream {
  readonly kind: "user-stream";
  readonly payload: Uint8Array;
}

export type PacketMessage = Ping | IndirectPing | Ack | Nack | Accusation | Alive | User;
export type StreamMessage = Ping | Ack | PushPull | ErrorAnswer | UserStream;
export type Message = PacketMessage | StreamMessage;
