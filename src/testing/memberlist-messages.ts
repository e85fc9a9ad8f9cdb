/** Arbitrary messages of memberlist as fast-check makes them, in the form that decoding gives. */
import * as fc from "fast-check";
import type { PacketMessage, StreamMessage } from "../memberlist/wire/index.ts";

const plain = { noNullPrototype: true } as const;
const anyU32 = fc.oneof(fc.nat(300), fc.nat(0xffff_ffff), fc.constant(0xffff_ffff));
const anyPort = fc.nat(0xffff);
const anyName = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 300 }),
);
const anyAddress = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
);
const anyMeta = fc.oneof(fc.constant(new Uint8Array(0)), fc.uint8Array({ maxLength: 512 }));
const anyVsn = fc.oneof(
  fc.constant(Uint8Array.of(1, 5, 2, 0, 0, 0)),
  fc.uint8Array({ maxLength: 8 }),
);
const anyPayload = fc.uint8Array({ maxLength: 400 });

/** The three fields are there or not, and never empty: empty ones are not sent (ML-26a). */
const anySource = fc.record(
  {
    sourceAddr: anyAddress,
    sourcePort: fc.integer({ min: 1, max: 0xffff }),
    sourceNode: anyName.filter((name) => name !== ""),
  },
  { ...plain, requiredKeys: [] },
);

const anyPing = fc
  .record({ seqNo: anyU32, node: anyName, source: anySource }, plain)
  .map(({ source, ...ping }) => ({ kind: "ping" as const, ...ping, ...source }));
const anyIndirectPing = fc
  .record(
    {
      seqNo: anyU32,
      target: anyAddress,
      port: anyPort,
      node: anyName,
      nack: fc.boolean(),
      source: anySource,
    },
    plain,
  )
  .map(({ source, ...ping }) => ({ kind: "indirect-ping" as const, ...ping, ...source }));
const anyAck = fc.record(
  { kind: fc.constant("ack" as const), seqNo: anyU32, payload: anyPayload },
  { ...plain, requiredKeys: ["kind", "seqNo"] },
);
const anyNack = fc.record({ kind: fc.constant("nack" as const), seqNo: anyU32 }, plain);
const anyAccusation = fc.record(
  {
    kind: fc.constantFrom("suspect" as const, "dead" as const),
    incarnation: anyU32,
    node: anyName,
    from: anyName,
  },
  plain,
);
const anyAlive = fc.record(
  {
    kind: fc.constant("alive" as const),
    incarnation: anyU32,
    node: anyName,
    addr: anyAddress,
    port: anyPort,
    meta: anyMeta,
    vsn: anyVsn,
  },
  plain,
);
const anyUser = fc.record({ kind: fc.constant("user" as const), payload: anyPayload }, plain);
const anyNode = fc.record(
  {
    name: anyName,
    addr: anyAddress,
    port: anyPort,
    meta: anyMeta,
    incarnation: anyU32,
    state: fc.oneof(fc.nat(3), fc.integer()),
    vsn: anyVsn,
  },
  plain,
);
const anyPushPull = fc.record(
  {
    kind: fc.constant("push-pull" as const),
    isJoin: fc.boolean(),
    nodes: fc.oneof(
      fc.array(anyNode, { maxLength: 8 }),
      fc.array(anyNode, { minLength: 130, maxLength: 150 }),
    ),
    userState: anyPayload,
  },
  plain,
);
const anyError = fc.record({ kind: fc.constant("error" as const), error: anyName }, plain);
const anyUserStream = fc.record(
  { kind: fc.constant("user-stream" as const), payload: anyPayload },
  plain,
);

export const anyPacketMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  anyPing,
  anyIndirectPing,
  anyAck,
  anyNack,
  anyAccusation,
  anyAlive,
  anyUser,
);
export const anyStreamMessage: fc.Arbitrary<StreamMessage> = fc.oneof(
  anyPing,
  anyAck,
  anyPushPull,
  anyError,
  anyUserStream,
);
