import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect, type TLSSocket } from "node:tls";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  makeCertificateAuthority,
  makeSelfSigned,
  makeServerCertificate,
  type KeyPair,
} from "./certificates.ts";

const name = "metallb-webhook-service.metallb-system.svc";
const wish = { commonName: name, dnsNames: [name], days: 365 };
const authorityWish = {
  commonName: "cert",
  organization: "metallb",
  dnsNames: ["cert"],
  days: 3650,
};

describe("certificates", () => {
  let folder: string;
  let authority: KeyPair;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "metallb-certificates-"));
    authority = await makeCertificateAuthority(authorityWish);
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What another implementation thinks, strictly by RFC 5280. */
  const verify = (root: KeyPair, leaf: KeyPair): string => {
    writeFileSync(join(folder, "root"), root.cert);
    writeFileSync(join(folder, "leaf"), leaf.cert);
    const words = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name];
    const files = ["-CAfile", "root", "leaf"];
    return execFileSync("openssl", [...words, ...files], { cwd: folder, stdio: "pipe" }).toString();
  };

  it("WH-9, INS-29: the authority is cert of metallb for ten years, the server its DNS name for one", async () => {
    const server = await makeServerCertificate(authority, wish);
    const [ca, tls] = [new X509Certificate(authority.cert), new X509Certificate(server.cert)];
    assert.equal(ca.subject, "O=metallb\nCN=cert");
    assert.equal(ca.ca, true);
    assert.equal(tls.issuer, ca.subject);
    assert.equal(tls.subject, `CN=${name}`);
    assert.equal(tls.subjectAltName, `DNS:${name}`);
    assert.equal(tls.ca, false);
    const days = (one: X509Certificate) =>
      Math.round((one.validToDate.getTime() - Date.now()) / 86_400_000);
    assert.deepEqual([days(ca), days(tls)], [3650, 365]);
    assert.ok(tls.checkPrivateKey(createPrivateKey(server.key)));
    assert.match(verify(authority, server), /OK/);
  });

  it("WH-9: signs with the RSA authority that MetalLB left in the secret, too", async () => {
    const openssl = (...words: string[]) =>
      execFileSync("openssl", words, { cwd: folder, stdio: "pipe" });
    const subject = ["-subj", "/O=metallb/CN=cert", "-days", "3650"];
    const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key"];
    const usage = ["-addext", "keyUsage=digitalSignature,keyEncipherment,keyCertSign"];
    openssl("req", "-x509", ...key, ...subject, ...usage, "-out", "ca.crt");
    // As MetalLB writes it: PKCS #1.
    openssl("rsa", "-in", "ca.key", "-traditional", "-out", "ca.key");
    const read = (file: string) => readFileSync(join(folder, file), "utf8");
    const rsa = { cert: read("ca.crt"), key: read("ca.key") };
    assert.match(verify(rsa, await makeServerCertificate(rsa, wish)), /OK/);
  });

  it("two authorities of one name are told apart by their key's id, and numbers never repeat", async () => {
    const other = await makeCertificateAuthority(authorityWish);
    const server = await makeServerCertificate(authority, wish);
    assert.throws(() => verify(other, server));
    const again = await makeServerCertificate(authority, wish);
    const number = ({ cert }: KeyPair) => new X509Certificate(cert).serialNumber;
    assert.notEqual(number(server), number(again));
    writeFileSync(join(folder, "both"), other.cert + authority.cert);
    writeFileSync(join(folder, "leaf"), server.cert);
    const both = execFileSync("openssl", ["verify", "-CAfile", "both", "leaf"], { cwd: folder });
    assert.match(both.toString(), /OK/);
  });

  it("MET-1: a self-signed certificate serves names and addresses over TLS 1.3", async () => {
    const dnsNames = ["localhost", "127.0.0.1", "::1"];
    const self = await makeSelfSigned({ commonName: "metallb", dnsNames, days: 365 });
    const server = createServer({ ...self, minVersion: "TLSv1.3" }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const socket: TLSSocket = connect({ host: "127.0.0.1", port, ca: self.cert });
    await once(socket, "secureConnect");
    assert.equal(socket.authorized, true);
    socket.destroy();
    server.close();
    await once(server, "close");
  });

  it("WH-9: a service name longer than a common name may be is still served by its DNS name", async () => {
    const long = `metallb-webhook-service.${"n".repeat(63)}.svc`;
    const pair = await makeServerCertificate(authority, {
      commonName: long,
      dnsNames: [long],
      days: 365,
    });
    assert.equal(new X509Certificate(pair.cert).checkHost(long), long);
  });

  it("refuses an authority that is none", async () => {
    await assert.rejects(makeServerCertificate({ cert: "x", key: "y" }, wish));
  });
});
