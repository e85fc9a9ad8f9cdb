/** What a peer may ask us to hold (section 9 of the gossip rules): memberlist 0.7 has the same limits. */

const MIB = 1024 * 1024;

/** ML-120: an encrypted frame, the user state, a user message of a stream. */
export const MAX_FRAME_BYTES = 20 * MIB;
/** ML-121: decompressed data; so also a plain stream, which says the same with more bytes. */
export const MAX_STREAM_BYTES = 40 * MIB;
/** ML-122 */
export const MAX_PUSH_PULL_NODES = 1_048_576;
/** ML-123 */
export const MAX_META_BYTES = 512;

/**
 * A datagram has less room than a stream: before compression a stock sender fills at most one datagram, while
 * 64 KiB of LZW could blow up to the 40 MiB of ML-121 and hold up the answers to probes (ML-144).
 */
export const MAX_PACKET_BYTES = MIB;
/** Messages and problems of one datagram; a stock sender has at most the 255 parts of one compound. */
export const MAX_PACKET_PARTS = 4096;
/** Compounds and compressions in each other (ML-29); stock senders nest two. */
export const MAX_PACKET_NESTING = 8;
