/** The fields of an X.509 certificate (RFC 5280, section 4.1), filled and signed. */

import { createHash, randomBytes, sign, type KeyObject, type X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { AsnConvert, OctetString } from "@peculiar/asn1-schema";
import {
  AlgorithmIdentifier,
  AttributeTypeAndValue,
  AttributeValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  ExtendedKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_serverAuth,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  Name,
  RelativeDistinguishedName,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
  TBSCertificate,
  Validity,
  Version,
} from "@peculiar/asn1-x509";
import type { CertificateWish } from "./certificates.ts";

/** Who signs. */
export interface Issuer {
  readonly cert: X509Certificate;
  readonly key: KeyObject;
}

interface Draft extends CertificateWish {
  readonly isAuthority: boolean;
  /** Absent: signed by its own key. */
  readonly issuer?: Issuer;
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
}

const hourMs = 3_600_000;
const commonNameId = "2.5.4.3";
const organizationId = "2.5.4.10";

/** The signed certificate as PEM. */
export function encodeCertificate(draft: Draft): string {
  const { issuer, keys } = draft;
  const signer = issuer?.key ?? keys.privateKey;
  const algorithm = signatureAlgorithm(signer);
  const now = Date.now();
  const subject = nameOf(draft);
  const tbsCertificate = new TBSCertificate({
    version: Version.v3,
    serialNumber: serialNumber(),
    signature: algorithm,
    issuer: issuer === undefined ? subject : parsed(issuer.cert).subject,
    validity: new Validity({
      notBefore: new Date(now - hourMs),
      notAfter: new Date(now + draft.days * 24 * hourMs),
    }),
    subject,
    subjectPublicKeyInfo: publicKeyInfo(keys.publicKey),
    extensions: new Extensions(extensionsOf(draft)),
  });
  const toSign = Buffer.from(AsnConvert.serialize(tbsCertificate));
  const certificate = new Certificate({
    tbsCertificate,
    signatureAlgorithm: algorithm,
    signatureValue: bytesOf(sign("sha256", toSign, signer)),
  });
  return pem(Buffer.from(AsnConvert.serialize(certificate)));
}

function extensionsOf({ isAuthority, issuer, keys, dnsNames }: Draft): Extension[] {
  const { digitalSignature, keyCertSign } = KeyUsageFlags;
  const usage = isAuthority ? digitalSignature | keyCertSign : digitalSignature;
  const ownId = keyId(publicKeyInfo(keys.publicKey));
  const issuerId = issuer === undefined ? ownId : issuerKeyId(issuer.cert);
  const names = dnsNames.map(
    (name) => new GeneralName(isIP(name) === 0 ? { dNSName: name } : { iPAddress: name }),
  );
  return [
    extension(id_ce_basicConstraints, new BasicConstraints({ cA: isAuthority }), true),
    extension(id_ce_keyUsage, new KeyUsage(usage), true),
    extension(id_ce_subjectKeyIdentifier, new SubjectKeyIdentifier(ownId)),
    extension(
      id_ce_authorityKeyIdentifier,
      new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(issuerId) }),
    ),
    extension(id_ce_subjectAltName, new SubjectAlternativeName(names)),
    ...(isAuthority
      ? []
      : [extension(id_ce_extKeyUsage, new ExtendedKeyUsage([id_kp_serverAuth]))]),
  ];
}

function extension(extnID: string, value: unknown, critical = false): Extension {
  const extnValue = new OctetString(AsnConvert.serialize(value));
  return new Extension({ extnID, critical, extnValue });
}

/** What MetalLB's own authority is signed with, RSA, or what we make. */
function signatureAlgorithm({ asymmetricKeyType }: KeyObject): AlgorithmIdentifier {
  const ecdsaWithSha256 = "1.2.840.10045.4.3.2";
  const rsaWithSha256 = "1.2.840.113549.1.1.11";
  return asymmetricKeyType === "rsa"
    ? new AlgorithmIdentifier({ algorithm: rsaWithSha256, parameters: null })
    : new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 });
}

function nameOf({ commonName, organization }: CertificateWish): Name {
  const part = (type: string, utf8String: string) =>
    new RelativeDistinguishedName([
      new AttributeTypeAndValue({ type, value: new AttributeValue({ utf8String }) }),
    ]);
  return new Name([
    ...(organization === undefined ? [] : [part(organizationId, organization)]),
    // RFC 5280, ub-common-name; clients look at the alternative names only.
    part(commonNameId, commonName.slice(0, 64)),
  ]);
}

/** 127 random bits: positive, and two authorities of one name never repeat a number. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] as number) & 0x7f) | 0x40;
  return bytesOf(bytes);
}

function publicKeyInfo(key: KeyObject): SubjectPublicKeyInfo {
  return AsnConvert.parse(key.export({ type: "spki", format: "der" }), SubjectPublicKeyInfo);
}

/** RFC 5280, section 4.2.1.2, first way. */
function keyId({ subjectPublicKey }: SubjectPublicKeyInfo): ArrayBuffer {
  return bytesOf(createHash("sha1").update(Buffer.from(subjectPublicKey)).digest());
}

/** As the issuer itself says it, else made from its key as we do. */
function issuerKeyId(cert: X509Certificate): ArrayBuffer {
  const { extensions, subjectPublicKeyInfo } = parsed(cert);
  const said = extensions?.find(({ extnID }) => extnID === id_ce_subjectKeyIdentifier);
  if (said === undefined) return keyId(subjectPublicKeyInfo);
  return AsnConvert.parse(said.extnValue, SubjectKeyIdentifier).buffer;
}

function parsed(cert: X509Certificate): TBSCertificate {
  return AsnConvert.parse(cert.raw, Certificate).tbsCertificate;
}

function bytesOf(buffer: Buffer): ArrayBuffer {
  return Uint8Array.from(buffer).buffer;
}

function pem(der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
