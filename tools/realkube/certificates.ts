/** Keys and certificates for servers on this machine, made by openssl in a folder of the caller's. */
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate authority: the paths of its certificate and key. */
export interface Authority {
  certificate: string;
  key: string;
}

async function makeKey(file: string): Promise<void> {
  const options = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  await run("openssl", ["genpkey", ...options, "-out", file]);
}

/** Makes `ca.crt` and `ca.key` in `folder`. */
export async function makeAuthority(folder: string): Promise<Authority> {
  const authority = { certificate: join(folder, "ca.crt"), key: join(folder, "ca.key") };
  await makeKey(authority.key);
  const subject = ["-key", authority.key, "-subj", "/CN=realkube-ca", "-days", "3650"];
  const use = "keyUsage=critical,keyCertSign,cRLSign";
  await run("openssl", [
    "req",
    "-x509",
    "-new",
    ...subject,
    "-addext",
    use,
    "-out",
    authority.certificate,
  ]);
  return authority;
}

/** Makes `NAME.crt` and `NAME.key` in `folder` for a server known by `names` ("IP:127.0.0.1", "DNS:x"). */
export async function makeServerCertificate(
  authority: Authority,
  folder: string,
  name: string,
  names: string[],
): Promise<{ certificate: string; key: string }> {
  const made = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const request = join(folder, `${name}.csr`);
  const extensions = join(folder, `${name}.ext`);
  await makeKey(made.key);
  await run("openssl", ["req", "-new", "-key", made.key, "-subj", `/CN=${name}`, "-out", request]);
  const lines = ["basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth"];
  writeFileSync(extensions, [...lines, `subjectAltName=${names.join(",")}`, ""].join("\n"));
  const signer = ["-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial"];
  const rest = ["-days", "3650", "-extfile", extensions, "-out", made.certificate];
  await run("openssl", ["x509", "-req", "-in", request, ...signer, ...rest]);
  return made;
}

/** Makes the key pair that signs service account tokens: `sa.key` and `sa.pub` in `folder`. */
export async function makeTokenKeys(folder: string): Promise<{ key: string; publicKey: string }> {
  const made = { key: join(folder, "sa.key"), publicKey: join(folder, "sa.pub") };
  await makeKey(made.key);
  await run("openssl", ["pkey", "-in", made.key, "-pubout", "-out", made.publicKey]);
  return made;
}
