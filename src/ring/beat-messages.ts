/**
 * What our speakers say to each other beside gossip, in "user" messages that stock members ignore (ML-27d):
 * magic, type, and then, big endian, what the type needs. Names are UTF-8 with a length of one byte before them.
 */

export type BeatMessage =
  /** "I am here": to those who watch the sender, every beat. `isLast`: you need not watch me any more. */
  | {
      readonly kind: "beat";
      readonly name: string;
      readonly seq: number;
      /** Whom the sender counts as alive, in four bytes. */
      readonly view: number;
      /** Which claims the sender knows, in four bytes at the end of the message; absent: none. */
      readonly claims?: number;
      readonly isLast: boolean;
      /** The receiver counts as dead with the sender: the first word after a partition. */
      readonly isHail: boolean;
    }
  /** "Do you hear `about`?" */
  | { readonly kind: "ask"; readonly name: string; readonly id: number; readonly about: string }
  /** "I do" or "neither do I". */
  | {
      readonly kind: "answer";
      readonly name: string;
      readonly id: number;
      readonly about: string;
      readonly isHeard: boolean;
    }
  /** "With me you count as dead, with this incarnation": the receiver speaks up, to the sender first. */
  | { readonly kind: "missing"; readonly name: string; readonly incarnation: number };

const magic = [0x6d, 0x74, 0x73, 0x01]; // "mts" and the version
const types = ["beat", "ask", "answer", "missing"] as const;
const lastFlag = 1;
const hailFlag = 2;
const claimsFlag = 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const headBytes = magic.length + 6;
const viewBytes = 4;
const claimsBytes = 4;

export function encodeBeatMessage(message: BeatMessage): Uint8Array {
  const names = [message.name, ...("about" in message ? [message.about] : [])];
  const texts = names.map((name) => encoder.encode(name).subarray(0, 255));
  const head = headBytes + (message.kind === "beat" ? viewBytes : 0);
  const end = head + texts.reduce((sum, { length }) => sum + 1 + length, 0);
  const claims = message.kind === "beat" ? message.claims : undefined;
  const bytes = new Uint8Array(end + (claims === undefined ? 0 : claimsBytes));
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  bytes[4] = types.indexOf(message.kind);
  bytes[5] = flagsOf(message);
  view.setUint32(6, numberOf(message));
  if (message.kind === "beat") view.setUint32(headBytes, message.view);
  if (claims !== undefined) view.setUint32(end, claims);
  let at = head;
  for (const text of texts) {
    bytes[at] = text.length;
    bytes.set(text, at + 1);
    at += 1 + text.length;
  }
  return bytes;
}

/** Undefined for anything else: user messages of other programs, later versions, cut ones. */
export function decodeBeatMessage(bytes: Uint8Array): BeatMessage | undefined {
  if (bytes.length < headBytes || magic.some((byte, index) => bytes[index] !== byte)) {
    return undefined;
  }
  const kind = types[bytes[4]!];
  const flags = bytes[5]!;
  const numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const number = numbers.getUint32(6);
  const head = headBytes + (kind === "beat" ? viewBytes : 0);
  const [name, about] = namesOf(bytes.subarray(head));
  if (kind === undefined || !name) return undefined;
  if (kind === "beat") {
    const [isLast, isHail] = [(flags & lastFlag) !== 0, (flags & hailFlag) !== 0];
    const view = numbers.getUint32(headBytes);
    const hasClaims = (flags & claimsFlag) !== 0 && bytes.length >= head + claimsBytes;
    const claims = hasClaims ? { claims: numbers.getUint32(bytes.length - claimsBytes) } : {};
    return { kind, name, seq: number, view, ...claims, isLast, isHail };
  }
  if (kind === "missing") return { kind, name, incarnation: number };
  if (!about) return undefined;
  const asked = { name, id: number, about };
  return kind === "ask" ? { kind, ...asked } : { kind, ...asked, isHeard: flags === 1 };
}

function flagsOf(message: BeatMessage): number {
  if (message.kind === "answer") return message.isHeard ? 1 : 0;
  if (message.kind !== "beat") return 0;
  const claims = message.claims === undefined ? 0 : claimsFlag;
  return (message.isLast ? lastFlag : 0) | (message.isHail ? hailFlag : 0) | claims;
}

function numberOf(message: BeatMessage): number {
  switch (message.kind) {
    case "beat":
      return message.seq;
    case "missing":
      return message.incarnation;
    default:
      return message.id;
  }
}

function namesOf(bytes: Uint8Array): string[] {
  const names: string[] = [];
  for (let at = 0; at < bytes.length && names.length < 2;) {
    const end = at + 1 + bytes[at]!;
    if (end > bytes.length) return names;
    names.push(decoder.decode(bytes.subarray(at + 1, end)));
    at = end;
  }
  return names;
}
