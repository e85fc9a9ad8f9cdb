/** Certificates in PEM: an authority, certificates that it signs, and self-signed ones (INS-29, MET-1). */

import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import type { Issuer } from "./certificate-encoding.ts";

/** A certificate and its private key, both as PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateWish {
  readonly commonName: string;
  readonly organization?: string;
  /** Names and literal addresses that clients know the server by. */
  readonly dnsNames: readonly string[];
  /** Validity from now on; an hour more is given to clocks that go behind. */
  readonly days: number;
}

/** A server's certificate, signed by its own key. */
export function makeSelfSigned(wish: CertificateWish): Promise<KeyPair> {
  return makeKeyPair(wish, { isAuthority: false });
}

/** A certificate that may sign others, signed by its own key. */
export function makeCertificateAuthority(wish: CertificateWish): Promise<KeyPair> {
  return makeKeyPair(wish, { isAuthority: true });
}

/**
 * A server's certificate, signed by `authority`, which may be ours (P-256) or one that MetalLB made (RSA).
 * Rejects when the authority's texts are no certificate and key.
 */
export async function makeServerCertificate(
  authority: KeyPair,
  wish: CertificateWish,
): Promise<KeyPair> {
  const issuer = {
    cert: new X509Certificate(authority.cert),
    key: createPrivateKey(authority.key),
  };
  return makeKeyPair(wish, { isAuthority: false, issuer });
}

async function makeKeyPair(
  wish: CertificateWish,
  role: { readonly isAuthority: boolean; readonly issuer?: Issuer },
): Promise<KeyPair> {
  // The schemas of X.509 cost some MiB, and most starts find a certificate: loaded when one must be made.
  const { encodeCertificate } = await import("./certificate-encoding.ts");
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    cert: encodeCertificate({ ...wish, ...role, keys }),
    key: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
