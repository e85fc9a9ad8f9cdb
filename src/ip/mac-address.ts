/** Ethernet hardware addresses: six bytes, written as lower-case colon text. */

/** Lower-case colon text such as `02:42:ac:11:00:02`. */
export type MacAddress = string;

const macPattern = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;
/** Looked up, because the ARP responder does both conversions for every packet. */
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The six bytes of colon text, or undefined. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!macPattern.test(text)) return undefined;
  const bytes = new Uint8Array(6);
  for (let index = 0; index < 6; index++) {
    bytes[index] = Number.parseInt(text.slice(index * 3, index * 3 + 2), 16);
  }
  return bytes;
}

/** Colon text of six bytes. */
export function formatMac(bytes: Uint8Array): MacAddress {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes;
  return `${hexOfByte[a]}:${hexOfByte[b]}:${hexOfByte[c]}:${hexOfByte[d]}:${hexOfByte[e]}:${hexOfByte[f]}`;
}
