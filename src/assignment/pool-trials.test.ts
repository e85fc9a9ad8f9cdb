import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileConfigMap, type Config, type Pool } from "../config/index.ts";
import { parsePrefix } from "../ip/index.ts";
import type { Service } from "../kube/index.ts";
import { tryPools } from "./pool-trials.ts";

const pool = (name: string, prefix: string, more: Partial<Pool> = {}): [string, Pool] => [
  name,
  {
    name,
    prefixes: [parsePrefix(prefix) ?? assert.fail(prefix)],
    autoAssign: true,
    avoidBuggyIps: false,
    l2Advertisements: [],
    bgpAdvertisements: [],
    ...more,
  },
];

const modern = (...pools: [string, Pool][]): Config => ({
  generation: "modern",
  pools: new Map(pools),
  peers: [],
});

const service = (name: string, ip?: string): Service => ({
  metadata: { name, namespace: "shop" },
  spec: { type: "LoadBalancer", clusterIP: "10.96.0.1", ports: [{ port: 80 }] },
  ...(ip !== undefined && { status: { loadBalancer: { ingress: [{ ip }] } } }),
});

const answers = (config: Config, others: readonly Service[] = [], asking = service("web")) =>
  tryPools(asking, others, { config, loadBalancerClass: "" }).map(
    ({ pool, isAutomatic, answer }) => `${pool} ${isAutomatic ? "tried" : "not tried"}: ${answer}`,
  );

describe("tryPools", () => {
  it("IPAM-20, IPAM-21, IPAM-22: in the order of trial, with what each pool has or why it refuses", () => {
    const config = modern(
      pool("b", "198.18.1.0/31"),
      pool("a", "198.18.2.0/32"),
      pool("manual", "198.18.3.0/32", { autoAssign: false }),
      pool("theirs", "198.18.4.0/32", {
        serviceAllocation: { priority: 1, namespaces: new Set(["other"]), serviceSelectors: [] },
      }),
      pool("ours", "198.18.5.0/32", {
        serviceAllocation: { priority: 9, namespaces: new Set(["shop"]), serviceSelectors: [] },
      }),
    );
    const full = service("full", "198.18.2.0");
    const [ours, a, b, manual, theirs, ...rest] = answers(config, [full]);
    assert.equal(ours, "ours tried: would give 198.18.5.0");
    assert.match(a ?? "", /^a tried: no available IPs in pool "a"; /);
    assert.equal(b, "b tried: would give 198.18.1.0");
    assert.match(
      manual ?? "",
      /^manual not tried: would give 198\.18\.3\.0; autoAssign is false, so/,
    );
    assert.match(
      theirs ?? "",
      /^theirs not tried: pool "theirs" not compatible .*is not meant for/,
    );
    assert.deepEqual(rest, []);
  });

  it("asks under a ConfigMap as v0.9.5 does", () => {
    const compiled = compileConfigMap(
      "address-pools: [{name: lan, protocol: layer2, addresses: [198.18.1.0/31]}]",
    );
    assert.ok(compiled.ok);
    const held = service("db", "198.18.1.0");
    assert.deepEqual(answers(compiled.config, [held]), ["lan tried: would give 198.18.1.1"]);
  });

  it("asks nothing for a service without cluster IPs", () => {
    const config = modern(pool("a", "198.18.2.0/32"));
    const headless: Service = {
      ...service("web"),
      spec: { type: "LoadBalancer", clusterIP: "None" },
    };
    assert.deepEqual(answers(config, [], headless), []);
  });
});
