/** A certificate authority for one lab and its API server's certificate, made by openssl. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ServerCertificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export function makeCertificate(folder: string, address: string): ServerCertificate {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const openssl = (...argv: string[]) =>
    execFileSync("openssl", argv, { cwd: folder, stdio: "pipe" });
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const days = ["-days", "365"];
  const ca = ["-x509", ...newKey, ...days, "-subj", "/CN=metallb-ts lab CA"];
  openssl("req", ...ca, "-keyout", "ca.key", "-out", "ca.crt");
  openssl("req", ...newKey, "-subj", "/CN=kube-apiserver", "-keyout", "tls.key", "-out", "tls.csr");
  writeFileSync(join(folder, "san"), `subjectAltName=IP:${address},IP:127.0.0.1,DNS:kubernetes\n`);
  const signer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "san"];
  openssl("x509", "-req", "-in", "tls.csr", ...signer, ...days, "-out", "tls.crt");
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { ca: read("ca.crt"), cert: read("tls.crt"), key: read("tls.key") };
}
