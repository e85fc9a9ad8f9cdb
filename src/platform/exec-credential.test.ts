import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { execCredential, type ExecSection } from "./exec-credential.ts";
import { loadKubeConnection } from "./kube-config.ts";

const folder = mkdtempSync(join(tmpdir(), "metallb-exec-"));
after(() => rmSync(folder, { recursive: true }));

const v1 = "client.authentication.k8s.io/v1";

/** A plugin that notes what it was asked and answers with the text. */
function plugin(name: string, answer: string, exitStatus = 0): string {
  const asked = join(folder, `${name}.asked`);
  const lines = [
    "#!/bin/sh",
    `echo "$KUBERNETES_EXEC_INFO $1 $COLOUR" >> '${asked}'`,
    `cat <<'END'\n${answer}\nEND`,
    `exit ${exitStatus}`,
  ];
  writeFileSync(join(folder, name), lines.join("\n"));
  chmodSync(join(folder, name), 0o700);
  return `./${name}`;
}

const askedOf = (name: string): string[] =>
  readFileSync(join(folder, `${name}.asked`), "utf8")
    .trim()
    .split("\n");

const credential = (status: object, apiVersion = v1): string =>
  JSON.stringify({ kind: "ExecCredential", apiVersion, status });

const run = (section: ExecSection) =>
  execCredential(section, {
    path: join(folder, "kubeconfig"),
    where: 'context "lab" of kubeconfig k',
    cluster: { server: "https://192.0.2.1:6443" },
    hasTerminal: false,
  });

describe("execCredential", () => {
  it("runs the command beside the kubeconfig and uses its token until it ends", () => {
    const command = plugin("token", credential({ token: "t1" }));
    const env = [{ name: "COLOUR", value: "red" }];
    const { token } = run({ apiVersion: v1, command, args: ["login"], env });
    assert.equal(token?.(), "t1");
    assert.equal(token?.(), "t1");
    assert.equal(askedOf("token").length, 1);
    const spec = { interactive: false };
    const request = JSON.stringify({ kind: "ExecCredential", apiVersion: v1, spec });
    assert.equal(askedOf("token")[0], `${request} login red`);
    token?.({ renew: true });
    assert.equal(askedOf("token").length, 2);
  });

  it("asks again once the token has ended, and keeps the old one if that fails", () => {
    const ended = { token: "t1", expirationTimestamp: "2020-01-01T00:00:00Z" };
    const command = plugin("ended", credential(ended));
    const { token } = run({ apiVersion: v1, command });
    token?.();
    assert.equal(askedOf("ended").length, 2);
    plugin("ended", "", 1);
    assert.equal(token?.(), "t1");
  });

  it("takes a client certificate, and tells of the cluster where it is asked to", () => {
    const status = { clientCertificateData: "CERT", clientKeyData: "KEY" };
    const command = plugin("certificate", credential(status));
    const made = run({ apiVersion: v1, command, provideClusterInfo: true });
    assert.deepEqual(made, { cert: "CERT", key: "KEY" });
    assert.match(askedOf("certificate")[0] ?? "", /"server":"https:\/\/192\.0\.2\.1:6443"/);
  });

  it("says what is wrong and how to mend it, without what the program printed", () => {
    const secret = credential({ token: "s3cret" });
    const failing = plugin("failing", secret, 3);
    const installHint = "install acme-login";
    assert.throws(
      () => run({ apiVersion: v1, command: failing, installHint }),
      (error: Error) => {
        assert.match(
          error.message,
          /failing" of context "lab".* \(exit status 3\): install acme-login/,
        );
        return !error.message.includes("s3cret");
      },
    );
    assert.throws(() => run({ apiVersion: v1, command: "./absent" }), /ENOENT/);
    assert.throws(() => run({ apiVersion: v1 }), /has no command/);
    assert.throws(() => run({ apiVersion: "v0", command: failing }), /apiVersion "v0": use/);
    const asking = { apiVersion: v1, command: failing, interactiveMode: "Always" };
    assert.throws(() => run(asking), /asks questions: run this in a terminal/);
    const older = plugin("older", credential({ token: "t" }, "client.authentication.k8s.io/v2"));
    assert.throws(() => run({ apiVersion: v1, command: older }), /did not answer with/);
    const silent = plugin("silent", "hello");
    assert.throws(() => run({ apiVersion: v1, command: silent }), /did not answer with/);
  });

  it("signs in for a kubeconfig whose user names a plugin", () => {
    const command = plugin("user", credential({ token: "t9" }));
    const kubeconfig = join(folder, "kubeconfig");
    const config = {
      "current-context": "lab",
      contexts: [{ name: "lab", context: { cluster: "c", user: "u" } }],
      clusters: [{ name: "c", cluster: { server: "https://192.0.2.1:6443" } }],
      users: [{ name: "u", user: { exec: { apiVersion: v1, command } } }],
    };
    writeFileSync(kubeconfig, JSON.stringify(config));
    assert.equal(loadKubeConnection({ kubeconfig, env: {} }).token?.(), "t9");
  });
});
