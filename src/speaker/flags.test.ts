import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findBadValue, parseSpeakerFlags } from "./flags.ts";

function values(argv: string[], env: Record<string, string> = {}) {
  const parsed = parseSpeakerFlags(argv, env);
  assert.ok(parsed.ok);
  return parsed.values;
}

describe("speaker flags", () => {
  it("INS-12 LC-40 L2-221: the port is 80 unless given, the ConfigMap is named config", () => {
    const { port, config } = values(["--config=config"]);
    assert.deepEqual([port, config], [80, "config"]);
    assert.equal(values([]).config, "config");
    assert.equal(values(["--port=7472", "-config", "other"]).port, 7472);
  });

  it("INS-14 LC-42: the environment of the v0.9.5 manifest is understood", () => {
    const env = {
      METALLB_NODE_NAME: "n1",
      METALLB_HOST: "10.0.0.1",
      METALLB_ML_BIND_ADDR: "10.0.0.1",
      METALLB_ML_BIND_PORT: "7946",
      METALLB_ML_LABELS: "app=metallb,component=speaker",
      METALLB_ML_NAMESPACE: "metallb-system",
      METALLB_ML_SECRET_KEY: "s3cret",
    };
    const flags = values(["--port=7472", "--config=config"], env);
    assert.equal(flags["node-name"], "n1");
    assert.equal(flags.host, "10.0.0.1");
    assert.equal(flags["ml-bindaddr"], "10.0.0.1");
    assert.equal(flags["ml-bindport"], "7946");
    assert.equal(flags["ml-labels"], "app=metallb,component=speaker");
    assert.equal(flags["ml-namespace"], "metallb-system");
    assert.equal(flags["ml-secret-key"], "s3cret");
    assert.equal(findBadValue(flags, "native"), undefined);
  });

  it("looks at the wire unless it is told not to, by flag or environment", () => {
    assert.equal(values([])["wire-check"], true);
    assert.equal(values(["--wire-check=false"])["wire-check"], false);
    assert.equal(values([], { METALLB_WIRE_CHECK: "false" })["wire-check"], false);
  });

  it("INS-36 FL-1: without --config the metrics are on v0.16's port, unless another is given", () => {
    assert.equal(values([]).port, 9120);
    assert.equal(values(["--port=0"]).port, 0);
  });

  it("BGP-1: an unknown way to do BGP stops the speaker, also one that is set but empty", () => {
    const flags = values(["--node-name=n1"]);
    assert.match(
      findBadValue(flags, "bird") ?? "",
      /METALLB_BGP_TYPE="bird".*native, frr, frr-k8s/,
    );
    assert.match(findBadValue(flags, "") ?? "", /METALLB_BGP_TYPE=""/);
    assert.equal(findBadValue(flags, "frr"), undefined);
  });

  it("FL-2: passing secrets through needs frr-k8s and its namespace", () => {
    const argv = ["--node-name=n1", "--frrk8s-secret-passthrough"];
    assert.match(findBadValue(values(argv), "native") ?? "", /METALLB_BGP_TYPE=frr-k8s/);
    assert.match(findBadValue(values(argv), "frr-k8s") ?? "", /--frrk8s-namespace/);
    const whole = values([...argv, "--frrk8s-namespace=frr"]);
    assert.equal(findBadValue(whole, "frr-k8s"), undefined);
  });

  it("FL-2: who answers ARP and NDP is auto, kernel or packet, and anything else is named", () => {
    assert.equal(values([])["layer2-responder"], "auto");
    const env = { METALLB_LAYER2_RESPONDER: "packet" };
    assert.equal(values([], env)["layer2-responder"], "packet");
    const found = (value: string) =>
      findBadValue(values(["--node-name=n1", `--layer2-responder=${value}`]), "native");
    for (const value of ["auto", "kernel", "packet"]) assert.equal(found(value), undefined);
    assert.match(found("xdp") ?? "", /^--layer2-responder=xdp: .*one of auto, kernel, packet$/);
    assert.match(found("") ?? "", /^--layer2-responder=: /);
  });

  it("FL-1: a flag beats its environment variable", () => {
    assert.equal(values(["--node-name=a"], { METALLB_NODE_NAME: "b" })["node-name"], "a");
  });

  it("LC-41: --kubeconfig, --namespace and --config-ns are extensions", () => {
    const flags = values(["--kubeconfig=/k", "--namespace=a", "--config-ns=b"]);
    assert.deepEqual([flags.kubeconfig, flags.namespace, flags["config-ns"]], ["/k", "a", "b"]);
  });

  it("L2-220 LC-43: without a node name the speaker must not start, and is told how", () => {
    assert.match(findBadValue(values([]), "native") ?? "", /METALLB_NODE_NAME.*--node-name/);
  });

  it("FL-2 FL-4: bad values of v0.16's flags are found", () => {
    const node = "--node-name=n1";
    assert.match(
      findBadValue(values([node, "--bgp-debounce-timeout=0"]), "native") ?? "",
      /positive/,
    );
    assert.match(findBadValue(values([node, "--tls-min-version=TLS9"]), "native") ?? "", /TLS9/);
  });

  it("LC-40: an unknown flag is refused with status 2", () => {
    const parsed = parseSpeakerFlags(["--no-such-flag"], {});
    assert.ok(!parsed.ok);
    assert.equal(parsed.exitCode, 2);
  });
});
