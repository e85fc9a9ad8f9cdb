/** The secret that encrypts gossip: taken as it is and never shown, only judged (ML-53). */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SpeakerFlags } from "./flags.ts";

/** A secret shorter than the key is filled up with bytes that everybody knows (INS-15). */
const KEY_BYTES = 16;

type SecretFlags = Pick<SpeakerFlags, "ml-secret-key" | "ml-secret-key-path" | "ml-bindaddr">;

export interface MemberlistSecret {
  readonly secret: string;
  /** Why it protects little, with the mend. */
  readonly weakness?: string;
}

/**
 * v0.9.5 gives the text itself, v0.16 a mounted folder (INS-32). Throws where the file cannot be read. Nobody is
 * warned of a secret that no gossip would use.
 */
export function readMemberlistSecret(flags: SecretFlags, isModern: boolean): MemberlistSecret {
  const folder = flags["ml-secret-key-path"];
  if (!isModern) return judged(flags["ml-secret-key"], "METALLB_ML_SECRET_KEY");
  if (folder === "" && flags["ml-bindaddr"] === "") return { secret: "" };
  return judged(readSecretFile(folder), "METALLB_ML_SECRET_KEY_PATH");
}

/** Any text is allowed (INS-18). */
function judged(secret: string, source: string): MemberlistSecret {
  const mend =
    "create it with: kubectl create secret generic -n metallb-system memberlist " +
    '--from-literal=secretkey="$(openssl rand -base64 128)"';
  if (secret === "") {
    const weakness = `the memberlist secret (${source}) is empty, gossip between speakers is not encrypted; ${mend}`;
    return { secret, weakness };
  }
  if (Buffer.byteLength(secret) >= KEY_BYTES) return { secret };
  const weakness = `the memberlist secret (${source}) is shorter than ${KEY_BYTES} bytes and easy to guess; ${mend}`;
  return { secret, weakness };
}

function readSecretFile(folder: string): string {
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
