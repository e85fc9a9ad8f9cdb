/** Keys from the text of MetalLB's secret (ML-50..55). */
import { createHash } from "node:crypto";

/** Stock MetalLB means to hash the secret, but appends the hash of nothing to it (ML-50). */
const filling: Uint8Array = createHash("sha256").digest();

/** The key of one length: 16 bytes for v0.9.5, 32 bytes since 0.14. */
export function gossipKey(secret: Uint8Array, length: 16 | 32): Uint8Array {
  const key = new Uint8Array(length);
  const used = secret.subarray(0, length);
  key.set(used);
  key.set(filling.subarray(0, length - used.length), used.length);
  return key;
}

/** The ring: the key we send with, then that of the other generation for receiving; empty without a secret (ML-55). */
export function gossipKeys(secret: Uint8Array, primaryLength: 16 | 32): Uint8Array[] {
  if (secret.length === 0) return [];
  const otherLength = primaryLength === 16 ? 32 : 16;
  return [gossipKey(secret, primaryLength), gossipKey(secret, otherLength)];
}
