/** The four files of the webhook's secret: read from it, and made anew (WH-9). */

import type { WebhookSecretTexts } from "../admission/index.ts";
import type { Secret } from "../kube/index.ts";
import { makeCertificateAuthority, makeServerCertificate } from "../platform/index.ts";

const authorityWish = {
  commonName: "cert",
  organization: "metallb",
  dnsNames: ["cert"],
  days: 3650,
};
const serverDays = 365;

export function textsOf({ data = {} }: Secret): WebhookSecretTexts {
  const decoded = Object.entries(data).map(([key, value]) => [key, fromBase64(value)]);
  return Object.fromEntries(decoded) as WebhookSecretTexts;
}

/** `secret` with these texts in place of its own; other keys stay. */
export function withTexts(secret: Secret, texts: WebhookSecretTexts): Secret {
  const encoded = Object.entries(texts).map(([key, text]) => [key, toBase64(text as string)]);
  return { ...secret, data: { ...secret.data, ...Object.fromEntries(encoded) } };
}

/** A server certificate for `dnsName`, by the authority in `kept`, or by a new one when there is none to keep. */
export async function makeTexts(
  dnsName: string,
  kept: WebhookSecretTexts | undefined,
): Promise<WebhookSecretTexts> {
  const authority =
    kept === undefined
      ? await makeCertificateAuthority(authorityWish)
      : { cert: kept["ca.crt"] ?? "", key: kept["ca.key"] ?? "" };
  const wish = { commonName: dnsName, dnsNames: [dnsName], days: serverDays };
  const server = await makeServerCertificate(authority, wish);
  return {
    "ca.crt": authority.cert,
    "ca.key": authority.key,
    "tls.crt": server.cert,
    "tls.key": server.key,
  };
}

export function toBase64(text: string): string {
  return Buffer.from(text).toString("base64");
}

function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString();
}
