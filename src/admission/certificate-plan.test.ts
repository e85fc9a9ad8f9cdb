import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { before, describe, it } from "node:test";
import {
  makeCertificateAuthority,
  makeSelfSigned,
  makeServerCertificate,
  type KeyPair,
} from "../platform/certificates.ts";
import { planCertificates } from "./certificate-plan.ts";

const dnsName = "metallb-webhook-service.metallb-system.svc";
const dayMs = 24 * 3_600_000;

const textsOf = (authority: KeyPair, server: KeyPair) => ({
  "ca.crt": authority.cert,
  "ca.key": authority.key,
  "tls.crt": server.cert,
  "tls.key": server.key,
});

describe("plan for the webhook's certificates", () => {
  let authority: KeyPair;
  let other: KeyPair;
  let server: KeyPair;
  const nowMs = Date.now();
  const plan = (texts: object, atMs = nowMs) => planCertificates(texts, { dnsName, nowMs: atMs });

  before(async () => {
    const wish = { commonName: "cert", organization: "metallb", dnsNames: ["cert"], days: 3650 };
    authority = await makeCertificateAuthority(wish);
    other = await makeCertificateAuthority(wish);
    server = await makeServerCertificate(authority, serverWish());
  });
  const serverWish = (name = dnsName) => ({ commonName: name, dnsNames: [name], days: 365 });

  it("WH-9: good certificates are kept until 90 days before their end", () => {
    const texts = textsOf(authority, server);
    assert.deepEqual(plan(texts), { kind: "keep" });
    assert.deepEqual(plan(texts, nowMs + 274 * dayMs), { kind: "keep" });
    assert.equal(plan(texts, nowMs + 276 * dayMs).kind, "renewServer");
    assert.equal(plan(texts, nowMs + 3650 * dayMs - 91 * dayMs).kind, "renewServer");
    assert.equal(plan(texts, nowMs + 3650 * dayMs - 89 * dayMs).kind, "renewAll");
  });

  it("WH-9: a certificate whose time has not come is replaced", () => {
    assert.equal(plan(textsOf(authority, server), nowMs - dayMs).kind, "renewAll");
  });

  it("WH-9: the empty secret of the manifests, and broken files, get everything new", () => {
    const texts = textsOf(authority, server);
    const broken = [
      {},
      { "tls.crt": server.cert, "tls.key": server.key },
      { ...texts, "ca.crt": "garbage" },
      { ...texts, "ca.key": "" },
      { ...texts, "ca.key": other.key },
    ];
    for (const one of broken) {
      const made = plan(one);
      assert.equal(made.kind, "renewAll");
      assert.match("reason" in made ? made.reason : "", /^ca\.crt: /);
    }
  });

  it("WH-9: a broken server certificate, or one of another name or authority, leaves the authority alone", async () => {
    const texts = textsOf(authority, server);
    const astray = await makeServerCertificate(authority, serverWish("elsewhere.svc"));
    const foreign = await makeServerCertificate(other, serverWish());
    const broken = [
      { ...texts, "tls.crt": "garbage" },
      { ...texts, "tls.key": "" },
      { ...texts, "tls.key": authority.key },
      textsOf(authority, astray),
      textsOf(authority, foreign),
      textsOf(authority, await makeSelfSigned(serverWish())),
    ];
    for (const one of broken) assert.equal(plan(one).kind, "renewServer");
  });

  it("WH-9: an authority that may not or cannot sign is replaced", async () => {
    const leaf = await makeSelfSigned(serverWish());
    assert.match(JSON.stringify(plan(textsOf(leaf, server))), /may not sign/);
    const { privateKey } = generateKeyPairSync("ed25519");
    const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    assert.equal(plan({ ...textsOf(authority, server), "ca.key": key }).kind, "renewAll");
  });
});
