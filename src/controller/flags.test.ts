import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { modernFlags, modernOnly } from "../platform/index.ts";
import { findBadValue, parseControllerFlags, webhookFlags, type ControllerFlags } from "./flags.ts";

function parse(argv: string[], env: Record<string, string> = {}): ControllerFlags {
  const result = parseControllerFlags(argv, env);
  assert.ok(result.ok, result.ok ? "" : result.text);
  return result.values;
}

describe("controller flags", () => {
  it("LC-40, LC-41: v0.9.5's manifest starts it, with v0.9.5's defaults", () => {
    const flags = parse(["--port=7472", "--config=config"]);
    assert.deepEqual([flags.port, flags.config], [7472, "config"]);
    assert.equal(parse(["--config=config"]).port, 7472, "v0.9.5's manifests give --config");
  });

  it("FL-1, INS-3: without --config it has v0.16's defaults", () => {
    const flags = parse([]);
    assert.deepEqual([flags.port, flags["health-probe-port"]], [9120, 17472]);
    assert.equal(flags["webhook-mode"], "enabled");
    assert.equal(flags["cert-dir"], "/tmp/k8s-webhook-server/serving-certs");
    assert.equal(flags["webhook-secret"], "metallb-webhook-cert");
    assert.equal(flags["cert-service-name"], "metallb-webhook-service");
    assert.equal(flags["log-level"], "info");
  });

  it("LC-41 L2-221: --kubeconfig, --namespace and the old --config-ns run it outside a pod", () => {
    const argv = ["-kubeconfig", "/k", "-namespace=ns1", "-config-ns=ns2"];
    const flags = parse(argv);
    assert.deepEqual([flags.kubeconfig, flags.namespace, flags["config-ns"]], ["/k", "ns1", "ns2"]);
    assert.equal(parse([], { METALLB_NAMESPACE: "ns3" }).namespace, "ns3");
  });

  it("INS-3: every flag of v0.16's controller is accepted, and what has no effect beside --config is known", () => {
    const texts = "pod-name lb-class pprof-bind-address tls-min-version tls-cipher-suites"
      .concat(" tls-curve-preferences metrics-cert-dir cert-dir cert-service-name webhook-secret")
      .concat(" webhook-mode ml-secret-name deployment log-level namespace");
    const argv = texts.split(" ").map((name) => `--${name}=x`);
    argv.push("--port=9120", "--health-probe-port=17472", "--disable-cert-rotation=true");
    argv.push("--webhook-http2");
    const result = parseControllerFlags(argv, {});
    assert.ok(result.ok, result.ok ? "" : result.text);
    const later = modernOnly(result.given, { ...modernFlags, ...webhookFlags });
    assert.ok(later.includes("metrics-cert-dir") && later.includes("webhook-mode"));
    for (const inUse of ["port", "log-level", "ml-secret-name", "namespace", "lb-class"]) {
      assert.ok(!later.includes(inUse), inUse);
    }
  });

  it("FL-1: the environment of v0.16's manifest stands in for flags, the command line wins", () => {
    const env = { METALLB_ML_SECRET_NAME: "memberlist", METALLB_DEPLOYMENT: "controller" };
    assert.equal(parse([], env)["ml-secret-name"], "memberlist");
    assert.equal(parse([], env).deployment, "controller");
    assert.equal(parse(["--ml-secret-name="], env)["ml-secret-name"], "");
  });

  it("FL-2: values that mean nothing are found, each with flag and mend", () => {
    assert.equal(findBadValue(parse([])), undefined);
    assert.match(findBadValue(parse(["--webhook-mode=maybe"])) ?? "", /maybe.*enabled, disabled/);
    assert.match(findBadValue(parse(["--tls-min-version=1.2"])) ?? "", /VersionTLS12/);
  });
});
