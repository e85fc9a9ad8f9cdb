import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { KubeConfigError, loadKubeConnection, type KubeConnection } from "./kube-config.ts";

describe("loadKubeConnection", () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), "kube-config-"));
    writeFileSync(join(dir, "ca.crt"), "CA");
    writeFileSync(join(dir, "token"), "t1\n");
    writeFileSync(join(dir, "namespace"), "metallb-system");
  });
  after(() => rmSync(dir, { recursive: true }));

  function inPod(host: string): KubeConnection {
    const env = {
      KUBERNETES_SERVICE_HOST: host,
      KUBERNETES_SERVICE_PORT: "6443",
      METALLB_SERVICE_ACCOUNT_DIR: dir,
    };
    return loadKubeConnection({ env });
  }

  function fromText(text: string, context?: string): KubeConnection {
    const kubeconfig = join(dir, "config");
    writeFileSync(kubeconfig, text);
    return loadKubeConnection({ kubeconfig, context, env: {} });
  }

  function kubeconfig(user: string, cluster = "server: https://192.0.2.1:6443"): string {
    return [
      "current-context: lab",
      "contexts: [{name: lab, context: {cluster: c, user: u, namespace: ns1}}]",
      `clusters: [{name: c, cluster: {${cluster}}}]`,
      `users: [{name: u, user: {${user}}}]`,
    ].join("\n");
  }

  it("LC-1, L2-221: inside a pod the namespace, token and authority come from the service account", () => {
    const connection = inPod("10.96.0.1");
    assert.equal(connection.server, "https://10.96.0.1:6443");
    assert.equal(connection.namespace, "metallb-system");
    assert.equal(connection.caData, "CA");
    assert.equal(connection.token?.(), "t1");
  });

  it("an IPv6 host gets brackets", () => {
    assert.equal(inPod("fd00::1").server, "https://[fd00::1]:6443");
  });

  it("a renewed token is read again when asked for, and a vanished file keeps the last one", () => {
    const { token } = inPod("10.96.0.1");
    assert.equal(token?.(), "t1");
    writeFileSync(join(dir, "token"), "t2");
    assert.equal(token?.(), "t1");
    assert.equal(token?.({ renew: true }), "t2");
    rmSync(join(dir, "token"));
    assert.equal(token?.({ renew: true }), "t2");
    writeFileSync(join(dir, "token"), "t1\n");
  });

  it("outside a pod and without a file it says which flag to give", () => {
    assert.throws(() => loadKubeConnection({ env: {} }), /give --kubeconfig/);
  });

  it("LC-41: a kubeconfig with inline data, a token and a namespace", () => {
    const data = Buffer.from("PEM").toString("base64");
    const cluster = `server: "https://[fd00::1]:6443", certificate-authority-data: ${data}`;
    const connection = fromText(kubeconfig("token: abc", cluster));
    assert.equal(connection.server, "https://[fd00::1]:6443");
    assert.equal(connection.caData, "PEM");
    assert.equal(connection.token?.(), "abc");
    assert.equal(connection.namespace, "ns1");
    assert.match(connection.origin, /context "lab" of kubeconfig .*config/);
  });

  it("files named in a kubeconfig are found beside it", () => {
    const user = "tokenFile: token, client-certificate: ca.crt, client-key: ca.crt";
    const connection = fromText(kubeconfig(user));
    assert.equal(connection.token?.(), "t1");
    assert.equal(connection.cert, "CA");
    assert.equal(connection.key, "CA");
  });

  it("plain http and insecure-skip-tls-verify are taken", () => {
    const connection = fromText(
      kubeconfig("", "server: 'http://127.0.0.1:8001', insecure-skip-tls-verify: true"),
    );
    assert.equal(connection.server, "http://127.0.0.1:8001");
    assert.equal(connection.insecureSkipTlsVerify, true);
    assert.equal(connection.token, undefined);
  });

  const broken: [string, () => unknown, RegExp][] = [
    [
      "no such file",
      () => loadKubeConnection({ kubeconfig: "/nowhere/config", env: {} }),
      /cannot read the kubeconfig, file \/nowhere\/config \(ENOENT\): check/,
    ],
    [
      "not YAML",
      () => fromText("a: [b"),
      /kubeconfig .* is not valid YAML: correct line 1, column/,
    ],
    [
      "a token without its quotes",
      () => fromText(kubeconfig("token: *hunter2")),
      /^(?!.*hunter2).* is not valid YAML: an alias has no anchor/,
    ],
    [
      "a list that is none",
      () => fromText("current-context: lab\ncontexts: {lab: {}}"),
      /no context of kubeconfig .* is named "lab" \(there are: none\)/,
    ],
    [
      "an empty list item",
      () => fromText("current-context: lab\ncontexts: [null]"),
      /no context of kubeconfig .* is named "lab"/,
    ],
    ["an empty file", () => fromText(""), /is empty/],
    ["no current-context", () => fromText("clusters: []"), /has no current-context/],
    [
      "an unknown context",
      () => fromText(kubeconfig(""), "prod"),
      /no context of kubeconfig .* is named "prod" \(there are: lab\)/,
    ],
    [
      "no server",
      () => fromText(kubeconfig("", "tls-server-name: api")),
      /has the server "", which is no http/,
    ],
    [
      "a missing authority file",
      () =>
        fromText(kubeconfig("", "server: https://192.0.2.1, certificate-authority: /no/ca.crt")),
      /cannot read the certificate-authority of context "lab".*\/no\/ca\.crt/,
    ],
    [
      "an exec plugin of no version",
      () => fromText(kubeconfig("exec: {command: login}")),
      /the exec plugin of context .* has apiVersion "": use client/,
    ],
  ];
  for (const [name, load, message] of broken) {
    it(`LC-43: ${name} is refused with file and mend`, () => {
      assert.throws(
        load,
        (error) => error instanceof KubeConfigError && message.test(error.message),
      );
    });
  }
});
