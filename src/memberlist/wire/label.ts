/** The label in front of packets and streams, which keeps clusters apart (ML-60..62). */
import { messageType } from "./message-type.ts";
import type { Problem } from "./problem.ts";

const HEADER_BYTES = 2;
export const noLabel = new Uint8Array(0);

/** Bytes that the header takes. */
export function labelOverhead(label: Uint8Array = noLabel): number {
  return label.length === 0 ? 0 : HEADER_BYTES + label.length;
}

/** The bytes with the header in front. Labels have at most 255 bytes (ML-124): configuration sees to it. */
export function addLabel(bytes: Uint8Array, label: Uint8Array = noLabel): Uint8Array {
  if (label.length === 0) return bytes;
  const labelled = new Uint8Array(HEADER_BYTES + label.length + bytes.length);
  labelled[0] = messageType.label;
  labelled[1] = label.length;
  labelled.set(label, HEADER_BYTES);
  labelled.set(bytes, HEADER_BYTES + label.length);
  return labelled;
}

/**
 * How long the header is (0: there is none), undefined while bytes are missing to tell, or what is wrong: the label
 * must be ours to the byte, and be there only if we have one (ML-61).
 */
export function labelLength(
  bytes: Uint8Array,
  label: Uint8Array = noLabel,
): number | undefined | Problem {
  if (bytes.length === 0) return undefined;
  if (bytes[0] !== messageType.label) {
    return label.length === 0 ? 0 : mismatch("a label is configured, the peer sent none");
  }
  if (bytes.length < HEADER_BYTES) return undefined;
  const length = bytes[1]!;
  if (length === 0) return { reason: "bad-label", detail: "the label header is empty" };
  if (label.length === 0) return mismatch("no label is configured, the peer sent one");
  if (length !== label.length) return mismatch("the peer's label is not ours");
  const end = HEADER_BYTES + length;
  if (bytes.length < end) return undefined;
  const isOurs = label.every((byte, index) => byte === bytes[HEADER_BYTES + index]);
  return isOurs ? end : mismatch("the peer's label is not ours");
}

function mismatch(detail: string): Problem {
  return { reason: "label-mismatch", detail };
}
