/** AES-GCM of packets and stream frames (ML-40..45): version, nonce, ciphertext, tag. */
import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";

/** No padding; what we send. Version 0 pads to whole blocks (ML-41). */
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
const CIPHERTEXT_AT = 1 + NONCE_BYTES;
/** What encryption adds to a packet (ML-41). */
export const ENCRYPTION_OVERHEAD = CIPHERTEXT_AT + TAG_BYTES;

export interface Sealing {
  readonly key: Uint8Array;
  readonly nonce: (length: number) => Uint8Array;
  /** What the tag vouches for beside the contents (ML-40, ML-44). */
  readonly additionalData: Uint8Array;
}

export function encrypt(bytes: Uint8Array, sealing: Sealing): Uint8Array {
  const { key, additionalData } = sealing;
  const nonce = sealing.nonce(NONCE_BYTES);
  const cipher = createCipheriv(cipherOf(key), key, nonce);
  cipher.setAAD(additionalData);
  const sealed = new Uint8Array(bytes.length + ENCRYPTION_OVERHEAD);
  sealed[0] = VERSION;
  sealed.set(nonce, 1);
  sealed.set(cipher.update(bytes), CIPHERTEXT_AT);
  cipher.final();
  sealed.set(cipher.getAuthTag(), CIPHERTEXT_AT + bytes.length);
  return sealed;
}

/** The contents, if one of the keys opens them; the first key is tried first (ML-42). */
export function decrypt(
  bytes: Uint8Array,
  keys: readonly Uint8Array[],
  additionalData: Uint8Array,
): Uint8Array | undefined {
  const isPadded = bytes[0] === 0;
  const least = ENCRYPTION_OVERHEAD + (isPadded ? BLOCK_BYTES : 0);
  if (bytes.length < least || bytes[0]! > VERSION) return undefined;
  for (const key of keys) {
    const opened = open(bytes, key, additionalData);
    if (opened !== undefined) return isPadded ? withoutPadding(opened) : opened;
  }
  return undefined;
}

function open(bytes: Uint8Array, key: Uint8Array, additionalData: Uint8Array): Buffer | undefined {
  const nonce = bytes.subarray(1, CIPHERTEXT_AT);
  const tagAt = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(cipherOf(key), key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(additionalData);
  decipher.setAuthTag(bytes.subarray(tagAt));
  const opened = decipher.update(bytes.subarray(CIPHERTEXT_AT, tagAt));
  try {
    decipher.final();
    return opened;
  } catch {
    return undefined; // the tag is not that of this key
  }
}

/** PKCS#7; its length is the peer's word and may say more than there is (ML-42). */
function withoutPadding(bytes: Uint8Array): Uint8Array | undefined {
  const padding = bytes.at(-1) ?? 0;
  if (padding < 1 || padding > BLOCK_BYTES || padding > bytes.length) return undefined;
  return bytes.subarray(0, bytes.length - padding);
}

function cipherOf(key: Uint8Array): CipherGCMTypes {
  return `aes-${(key.length * 8) as 128 | 192 | 256}-gcm`;
}
