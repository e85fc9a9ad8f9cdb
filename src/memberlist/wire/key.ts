/** Keys from the text of MetalLB's secret (ML-50..55). */

/** The key of one length: 16 bytes for v0.9.5, 32 bytes since 0.14. */
export function gossipKey(_secret: Uint8Array, _length: 16 | 32): Uint8Array {
  throw new Error("not built yet");
}

/** The ring: the key we send with, then that of the other generation for receiving; empty without a secret. */
export function gossipKeys(_secret: Uint8Array, _primaryLength: 16 | 32): Uint8Array[] {
  throw new Error("not built yet");
}
