/** The secret that encrypts gossip: taken as it is and never shown, only judged. */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A secret shorter than the key is filled up with bytes that everybody knows (INS-15). */
const KEY_BYTES = 16;

/** What is wrong with the value of `METALLB_ML_SECRET_KEY`, or undefined. Any text is allowed (INS-18). */
export function weaknessOfSecret(secret: string): string | undefined {
  const mend =
    "create it with: kubectl create secret generic -n metallb-system memberlist " +
    '--from-literal=secretkey="$(openssl rand -base64 128)"';
  if (secret === "") {
    return `the memberlist secret (METALLB_ML_SECRET_KEY) is empty, gossip between speakers is not encrypted; ${mend}`;
  }
  if (Buffer.byteLength(secret) < KEY_BYTES) {
    return `the memberlist secret (METALLB_ML_SECRET_KEY) is shorter than ${KEY_BYTES} bytes and easy to guess; ${mend}`;
  }
  return undefined;
}

/** The secret in v0.16's mounted folder (INS-32); empty without a folder. Throws where the file cannot be read. */
export function readSecretFile(folder: string): string {
  if (folder === "") return "";
  const file = join(folder, "secretkey");
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const mend = "mount the memberlist secret there, or unset METALLB_ML_SECRET_KEY_PATH";
    throw new Error(`the key of gossip cannot be read: ${(error as Error).message}; ${mend}`, {
      cause: error,
    });
  }
}
