/** Ethernet hardware addresses: six bytes, written as lower-case colon text. */

/** Lower-case colon text such as `02:42:ac:11:00:02`. */
export type MacAddress = string;

const macPattern = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/i;

/** The six bytes of colon text, or undefined. */
export function parseMac(text: string): Uint8Array | undefined {
  if (!macPattern.test(text)) return undefined;
  return Uint8Array.from(text.split(":"), (byte) => Number.parseInt(byte, 16));
}

/** Colon text of six bytes. */
export function formatMac(bytes: Uint8Array): MacAddress {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
