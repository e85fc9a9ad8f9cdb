/** A certificate and its key as two files of a folder, `tls.crt` and `tls.key`, followed as they are replaced. */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import type { KeyPair } from "./certificates.ts";

export type KeyPairResult =
  | { readonly ok: true; readonly pair: KeyPair }
  | { readonly ok: false; readonly error: string };

export interface KeyPairListener {
  /** A pair that fits together and is not the last one told. */
  readonly onPair: (pair: KeyPair) => void;
  /** There is none (any more): told once per reason. */
  readonly onTrouble: (reason: string) => void;
}

/** Files that are written one after the other are looked at when both are there. */
const settleMs = 50;
/** Finds what no notification told: a folder that came later, a file system without notifications. */
const lookAgainMs = 10_000;

/** What lies in `folder` now; an error names the file and the mend. */
export function readKeyPair(folder: string): KeyPairResult {
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  let pair: KeyPair;
  try {
    pair = { cert: read("tls.crt"), key: read("tls.key") };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    return fault(folder, `tls.crt and tls.key cannot be read (${why})`);
  }
  try {
    const fits = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
    return fits ? { ok: true, pair } : fault(folder, "tls.key is not the key of tls.crt");
  } catch {
    return fault(folder, "tls.crt or tls.key is not in PEM form");
  }
}

function fault(folder: string, what: string): KeyPairResult {
  return { ok: false, error: `${folder}: ${what}; put a certificate and its key there` };
}

/** Tells of the pair that is there now, and of each that replaces it, until `stop`. */
export function followKeyPair(folder: string, listener: KeyPairListener): { stop(): void } {
  let told = "";
  let watcher: FSWatcher | undefined;
  let settling: NodeJS.Timeout | undefined;

  const look = (): void => {
    const result = readKeyPair(folder);
    const news = result.ok ? result.pair.cert + result.pair.key : result.error;
    if (news === told) return;
    told = news;
    if (result.ok) listener.onPair(result.pair);
    else listener.onTrouble(result.error);
  };
  const attend = (): void => {
    try {
      watcher ??= watch(folder, () => {
        clearTimeout(settling);
        settling = setTimeout(look, settleMs);
      }).on("error", drop);
    } catch {
      // No such folder yet: the next look tries again.
    }
  };
  const drop = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  attend();
  look();
  const again = setInterval(() => {
    attend();
    look();
  }, lookAgainMs);
  return {
    stop: () => {
      clearInterval(again);
      clearTimeout(settling);
      drop();
    },
  };
}
