import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lanTimings, wanTimings } from "../memberlist/index.ts";
import { defaultBeatMs } from "../ring/index.ts";
import { parseSpeakerFlags } from "./flags.ts";
import { type GossipSources, gossipSettings } from "./gossip-settings.ts";

const variables = {
  METALLB_NODE_NAME: "n1",
  METALLB_ML_BIND_ADDR: "192.0.2.7",
  METALLB_ML_LABELS: "app=metallb,component=speaker",
  METALLB_ML_NAMESPACE: "old-namespace",
};

function decide(
  changes: Record<string, string>,
  more: Partial<Omit<GossipSources, "flags">> = {},
  argv: string[] = [],
) {
  const parsed = parseSpeakerFlags(argv, { ...variables, ...changes });
  assert.ok(parsed.ok);
  const sources = { isModern: true, namespace: "ours", secret: "", fileTimings: undefined };
  return gossipSettings({ ...sources, ...more, flags: parsed.values });
}

function settingsOf(...args: Parameters<typeof decide>) {
  const result = decide(...args);
  assert.ok("settings" in result);
  return result.settings;
}

describe("settings of gossip", () => {
  it("ML-150, ML-151, L2-224: listen on the pod's address and the usual port", () => {
    const settings = settingsOf({});
    assert.partialDeepStrictEqual(settings, {
      bindAddress: "192.0.2.7",
      port: 7946,
      namespace: "ours",
      labels: "app=metallb,component=speaker",
      keys: [],
      timings: lanTimings,
    });
    assert.deepEqual([...settings.advertised], [192, 0, 2, 7]);
    assert.equal(settingsOf({ METALLB_ML_BIND_PORT: "7950" }).port, 7950);
  });

  it("ML-150: gossip is off without an address or labels, in v0.9.5 also without a namespace", () => {
    assert.deepEqual(decide({ METALLB_ML_BIND_ADDR: "" }), {
      off: "METALLB_ML_BIND_ADDR (--ml-bindaddr) not set",
    });
    assert.ok("off" in decide({ METALLB_ML_LABELS: "" }));
    assert.ok("off" in decide({ METALLB_ML_NAMESPACE: "" }, { isModern: false }));
    assert.ok("settings" in decide({ METALLB_ML_NAMESPACE: "" }));
    assert.equal(settingsOf({}, { isModern: false }).namespace, "old-namespace");
  });

  it("ML-150: refuse to start with a port that is none, or an address that is none", () => {
    for (const port of ["x", "0", "65536", "-1", "79 46"]) {
      assert.throws(
        () => decide({ METALLB_ML_BIND_PORT: port }),
        /METALLB_ML_BIND_PORT=.*must be a port number/,
      );
    }
    assert.throws(
      () => decide({ METALLB_ML_BIND_ADDR: "node7" }),
      /METALLB_ML_BIND_ADDR="node7": it must be an IP address/,
    );
  });

  it("ML-55: take the key length of their generation first, and the other one for receiving", () => {
    const lengths = (isModern: boolean) =>
      settingsOf({}, { isModern, secret: "gossip" }).keys.map((key) => key.length);
    assert.deepEqual(lengths(true), [32, 16]);
    assert.deepEqual(lengths(false), [16, 32]);
  });

  it("ML-130, ML-131: take LAN numbers, WAN by flag, and a file instead of the flag", () => {
    assert.deepEqual(settingsOf({}, {}, ["--ml-wan-config"]).timings, wanTimings);
    const fileTimings = { ...lanTimings, gossipNodes: 9 };
    assert.equal(settingsOf({}, { fileTimings }, ["--ml-wan-config"]).timings.gossipNodes, 9);
  });

  it("ML-145: leave gossip's own numbers alone; beats come on top, unless told otherwise by flag or variable", () => {
    assert.equal(settingsOf({}).beatMs, defaultBeatMs);
    assert.deepEqual(settingsOf({}).timings, lanTimings);
    assert.equal(settingsOf({}, {}, ["--fast-failover=false"]).beatMs, 0);
    assert.equal(settingsOf({ METALLB_FAST_FAILOVER: "false" }).beatMs, 0);
  });
});
