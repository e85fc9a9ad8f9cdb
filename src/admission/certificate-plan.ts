/** What the webhook's secret needs: nothing, a new server certificate, or a new authority too (WH-9). */

import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";

/** The four texts of the secret, in PEM; absent or empty in a new one. */
export interface WebhookSecretTexts {
  readonly "ca.crt"?: string;
  readonly "ca.key"?: string;
  readonly "tls.crt"?: string;
  readonly "tls.key"?: string;
}

export type CertificatePlan =
  | { readonly kind: "keep" }
  | { readonly kind: "renewServer" | "renewAll"; readonly reason: string };

const renewBeforeMs = 90 * 24 * 3_600_000;
/** Keys that we can sign with: ours, and the reference's. */
const signingKeys = ["ec", "rsa"];

/** `dnsName` is what the API server calls the webhooks by. */
export function planCertificates(
  texts: WebhookSecretTexts,
  { dnsName, nowMs }: { readonly dnsName: string; readonly nowMs: number },
): CertificatePlan {
  const authority = readPair(texts["ca.crt"], texts["ca.key"]);
  const noAuthority = pairFault(authority, nowMs) ?? authorityFault(authority as Pair);
  if (noAuthority !== undefined) return { kind: "renewAll", reason: `ca.crt: ${noAuthority}` };
  const server = readPair(texts["tls.crt"], texts["tls.key"]);
  const noServer =
    pairFault(server, nowMs) ?? serverFault(server as Pair, (authority as Pair).cert, dnsName);
  if (noServer !== undefined) return { kind: "renewServer", reason: `tls.crt: ${noServer}` };
  return { kind: "keep" };
}

interface Pair {
  readonly cert: X509Certificate;
  readonly key: KeyObject;
}

/** Undefined: absent, or no PEM. */
function readPair(certText = "", keyText = ""): Pair | undefined {
  try {
    return { cert: new X509Certificate(certText), key: createPrivateKey(keyText) };
  } catch {
    return undefined;
  }
}

/** Why a certificate cannot be used, or not for long. */
function pairFault(pair: Pair | undefined, nowMs: number): string | undefined {
  if (pair === undefined) return "there is no readable certificate with its key";
  const { cert, key } = pair;
  if (!cert.checkPrivateKey(key)) return "the key is that of another certificate";
  if (cert.validFromDate.getTime() > nowMs) return `it is valid only from ${cert.validFrom}`;
  const isEnding = cert.validToDate.getTime() - renewBeforeMs <= nowMs;
  return isEnding ? `it ends on ${cert.validTo}` : undefined;
}

function authorityFault({ cert, key }: Pair): string | undefined {
  if (!cert.ca) return "it may not sign others";
  const kind = key.asymmetricKeyType ?? "";
  return signingKeys.includes(kind) ? undefined : `it has a key of kind ${kind}`;
}

function serverFault(
  { cert }: Pair,
  authority: X509Certificate,
  dnsName: string,
): string | undefined {
  const isSigned = cert.checkIssued(authority) && cert.verify(authority.publicKey);
  if (!isSigned) return "it is not signed by ca.crt";
  return cert.checkHost(dnsName) === undefined ? `it is not for ${dnsName}` : undefined;
}
