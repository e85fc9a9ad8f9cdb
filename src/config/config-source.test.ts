/** Which configuration is in force, as objects come and go. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress, type IpAddress } from "../ip/index.ts";
import type { ConfigMap, KubeObject } from "../kube/index.ts";
import { bgp, inZone, l2, peer, pool } from "../testing/resources.ts";
import { ConfigSource, type ConfigInput, type ConfigSourceOptions } from "./config-source.ts";
import { findingText } from "./finding.ts";
import type { HeldAddress } from "./transitions.ts";

const inputs: ConfigInput[] = [
  "ConfigMap",
  "Namespace",
  "Node",
  "Secret",
  "IPAddressPool",
  "L2Advertisement",
  "BGPAdvertisement",
  "BGPPeer",
  "BFDProfile",
  "Community",
];

const configMap = (text: string): ConfigMap => ({
  metadata: { name: "config" },
  data: { config: text },
});
const document = (addresses: string) =>
  configMap(`address-pools: [{name: old, protocol: layer2, addresses: ["${addresses}"]}]`);
const lan = pool("lan", { addresses: ["198.18.1.0/24"] });
const holding = (text: string): HeldAddress => ({
  service: "shop/web",
  address: parseAddress(text) as IpAddress,
  pool: "old",
});

interface Situation extends Partial<ConfigSourceOptions> {
  /** Addresses in use. */
  held?: () => HeldAddress[];
  /** Kinds of custom resources that the server does not have. */
  isServed?: boolean;
}

function sourceOf({ isServed = true, ...options }: Situation = {}): ConfigSource {
  const source = new ConfigSource({
    scope: "controller",
    namespace: "metallb-system",
    configName: "config",
    bgpType: undefined,
    held: () => [],
    ...options,
  });
  for (const input of inputs) {
    const isCore = ["ConfigMap", "Namespace", "Node", "Secret"].includes(input);
    source.setKnown(input, isServed || isCore ? "listed" : "unavailable");
  }
  return source;
}

const kindOf = (source: ConfigSource) => source.look()?.kind;
const told = (outcome: ReturnType<ConfigSource["look"]>): string[] => {
  if (outcome?.kind === "refused") return outcome.findings.map(findingText);
  return outcome?.kind === "accepted" || outcome?.kind === "unchanged"
    ? outcome.warnings.map(findingText)
    : [];
};
const poolsOf = (outcome: ReturnType<ConfigSource["look"]>): string[] =>
  outcome?.kind === "accepted" ? [...outcome.config.pools.keys()] : [];
const versioned = <T extends KubeObject>(object: T, generation: number, uid = "u"): T => ({
  ...object,
  metadata: { ...object.metadata, generation, uid },
});

describe("which generation is in force", () => {
  it("INS-46: nothing is decided before every input is known", () => {
    const known = (scope: ConfigSourceOptions["scope"]) => {
      const options = {
        scope,
        namespace: "m",
        configName: "config",
        bgpType: undefined,
        held: () => [],
      };
      const source = new ConfigSource(options);
      source.setObject("IPAddressPool", "lan", lan);
      return inputs.filter((input) => {
        source.setKnown(input, "listed");
        return source.look() === undefined;
      });
    };
    assert.deepEqual(known({ nodeName: "n1" }), inputs.slice(0, -1));
    assert.deepEqual(known("controller"), inputs.slice(0, -1));
  });

  it("CFG-3: a controller waits only for what it reads", () => {
    const options = { namespace: "m", configName: "config", bgpType: undefined, held: () => [] };
    const source = new ConfigSource({ scope: "controller", ...options });
    for (const input of ["ConfigMap", "Namespace", "IPAddressPool", "Community"] as const) {
      assert.equal(source.look(), undefined);
      source.setKnown(input, "listed");
    }
    assert.equal(kindOf(source), "accepted");
  });

  it("INS-46: a pool makes it modern; so do served resources without a ConfigMap that says something", () => {
    for (const text of [undefined, "", "  \n"]) {
      const source = sourceOf();
      source.setConfigMap("config", text === undefined ? undefined : configMap(text));
      assert.equal(kindOf(source), "accepted");
      assert.equal(source.generation, "modern");
    }
    const source = sourceOf({ isServed: false });
    source.setObject("IPAddressPool", "lan", lan);
    assert.deepEqual(poolsOf(source.look()), ["lan"]);
    assert.equal(source.generation, "modern");
  });

  it("LC-1: without a pool the ConfigMap is in force, also an empty one where resources are not served", () => {
    const source = sourceOf();
    source.setConfigMap("config", document("198.18.1.0/24"));
    assert.deepEqual(poolsOf(source.look()), ["old"]);
    assert.equal(source.generation, "legacy");
    const bare = sourceOf({ isServed: false });
    bare.setConfigMap("config", { metadata: { name: "config" } });
    assert.equal(kindOf(bare), "accepted");
    assert.equal(bare.generation, "legacy");
  });

  it("LC-27: neither resources nor ConfigMap: missing, and what was in force stays", () => {
    const source = sourceOf({ isServed: false });
    assert.equal(kindOf(source), "missing");
    source.setConfigMap("config", document("198.18.1.0/24"));
    assert.equal(kindOf(source), "accepted");
    source.setConfigMap("config", undefined);
    assert.equal(kindOf(source), "missing");
    assert.equal(source.generation, "legacy");
    assert.equal(source.look(), undefined);
  });

  it("LC-27, INS-46: once resources are served, their absence is a configuration without pools", () => {
    const source = sourceOf({ isServed: false });
    assert.equal(kindOf(source), "missing");
    source.setKnown("IPAddressPool", "listed");
    assert.deepEqual([kindOf(source), source.generation], ["accepted", "modern"]);
    assert.equal(source.look(), undefined);
  });

  it("INS-46: with both, resources win, and a warning names the ConfigMap and the mend", () => {
    const source = sourceOf();
    source.setConfigMap("config", document("198.18.9.0/24"));
    source.setObject("IPAddressPool", "lan", lan);
    const outcome = source.look();
    assert.deepEqual(poolsOf(outcome), ["lan"]);
    assert.match(
      told(outcome).join(),
      /^ConfigMap metallb-system\/config, data\.config: .*; delete the/,
    );
    source.setConfigMap("config", undefined);
    const after = source.look();
    assert.deepEqual([after?.kind, told(after)], ["unchanged", []]);
  });
});

describe("a take-over by resources", () => {
  const running = (held: string, scope: ConfigSourceOptions["scope"] = "controller") => {
    const source = sourceOf({ scope, held: () => [holding(held)] });
    source.setConfigMap("config", document("198.18.0.0/16"));
    assert.equal(kindOf(source), "accepted");
    return source;
  };

  it("INS-46: is refused while it strands an address in use, and the ConfigMap stays in force", () => {
    const source = running("198.18.9.1");
    source.setObject("IPAddressPool", "lan", lan);
    const outcome = source.look();
    assert.equal(outcome?.kind === "refused" && outcome.isRetryable, true);
    assert.match(
      told(outcome).join(),
      /"shop\/web" holds 198\.18\.9\.1 .*keep 198\.18\.9\.1 in a pool/,
    );
    assert.equal(source.generation, "legacy");
    source.setObject("IPAddressPool", "more", pool("more", { addresses: ["198.18.9.0/24"] }));
    assert.deepEqual(poolsOf(source.look()), ["lan", "more"]);
    assert.equal(source.generation, "modern");
  });

  it("INS-46: happens at a later look, once the address is not in use any more", () => {
    const held = [holding("198.18.9.1")];
    const source = sourceOf({ held: () => held });
    source.setConfigMap("config", document("198.18.0.0/16"));
    source.look();
    source.setObject("IPAddressPool", "lan", lan);
    assert.equal(kindOf(source), "refused");
    assert.equal(kindOf(source), "refused");
    held.pop();
    assert.equal(kindOf(source), "accepted");
    assert.equal(source.look(), undefined);
  });

  it("INS-46: in a speaker, each address in use needs an advertisement too", () => {
    const source = running("198.18.1.1", { nodeName: "n1" });
    source.setObject("IPAddressPool", "lan", lan);
    assert.match(
      told(source.look()).join(),
      /no advertisement selects its pool "lan"; create an L2Adv/,
    );
    source.setObject("L2Advertisement", "l", l2("l"));
    assert.equal(kindOf(source), "accepted");
    const byBgp = running("198.18.1.1", { nodeName: "n1" });
    byBgp.setObject("IPAddressPool", "lan", lan);
    byBgp.setObject("BGPAdvertisement", "w", bgp("w"));
    assert.equal(kindOf(byBgp), "accepted");
  });

  it("INS-46: until then changes of the ConfigMap count, and the obstacle is told with them", () => {
    const source = running("198.18.9.1");
    source.setObject("IPAddressPool", "lan", lan);
    assert.equal(kindOf(source), "refused");
    source.setConfigMap("config", document("198.18.9.0/24"));
    const outcome = source.look();
    assert.deepEqual(poolsOf(outcome), ["old"]);
    assert.match(told(outcome).join(), /holds 198\.18\.9\.1/);
    source.setConfigMap("config", configMap("surprise: 1"));
    const refused = source.look();
    assert.deepEqual([refused?.kind, told(refused).length], ["refused", 2]);
  });

  it("INS-46: faulty resources leave the ConfigMap in force too, with its changes", () => {
    const source = running("198.18.1.1");
    source.setObject("IPAddressPool", "lan", pool("lan", { addresses: ["junk"] }));
    const outcome = source.look();
    assert.match(told(outcome).join(), /^IPAddressPool metallb-system\/lan, spec\.addresses\[0\]/);
    assert.equal(outcome?.kind === "refused" && outcome.isRetryable, undefined);
    assert.equal(source.look(), undefined);
    source.setConfigMap("config", document("198.18.1.0/28"));
    assert.equal(kindOf(source), "accepted");
    assert.equal(source.generation, "legacy");
  });

  it("INS-46: a deleted ConfigMap gives way to resources only if no address is stranded", () => {
    const source = running("198.18.9.1");
    source.setConfigMap("config", undefined);
    assert.equal(kindOf(source), "refused");
    assert.equal(source.generation, "legacy");
  });

  it("INS-46: at a start with both, the ConfigMap goes on if only it has the addresses in use", () => {
    const source = sourceOf({ held: () => [holding("198.18.9.1")] });
    source.setConfigMap("config", document("198.18.9.0/24"));
    source.setObject("IPAddressPool", "lan", lan);
    assert.deepEqual(poolsOf(source.look()), ["old"]);
    assert.equal(kindOf(source), "refused");
    const faulty = sourceOf();
    faulty.setConfigMap("config", document("198.18.9.0/24"));
    faulty.setObject("IPAddressPool", "lan", pool("lan", { addresses: ["junk"] }));
    assert.equal(kindOf(faulty), "refused");
    assert.equal(faulty.generation, undefined);
  });

  it("LC-21: back to the ConfigMap, when the last pool goes, under the same condition", () => {
    const source = sourceOf({ held: () => [holding("198.18.1.1")] });
    source.setObject("IPAddressPool", "lan", lan);
    source.look();
    source.setConfigMap("config", document("198.18.9.0/24"));
    assert.equal(kindOf(source), "unchanged");
    source.setObject("IPAddressPool", "lan", undefined);
    assert.equal(kindOf(source), "refused");
    assert.equal(source.generation, "modern");
    source.setConfigMap("config", document("198.18.1.0/24"));
    assert.equal(kindOf(source), "accepted");
    assert.equal(source.generation, "legacy");
  });
});

describe("the legacy configuration", () => {
  it("LC-28: a faulty document is refused with all its faults, and the last one stays", () => {
    const source = sourceOf({ isServed: false });
    source.setConfigMap("config", document("198.18.1.0/24"));
    source.look();
    source.setConfigMap("config", configMap("surprise: 1"));
    const outcome = source.look();
    assert.equal(outcome?.kind === "refused" && outcome.isRetryable, undefined);
    assert.match(told(outcome).join(), /^ConfigMap metallb-system\/config, surprise/);
    assert.equal(source.look(), undefined);
    source.setConfigMap("config", document("198.18.1.0/24"));
    assert.equal(kindOf(source), "unchanged");
  });

  it("LC-21, TV-23: is refused if it strands an address, until it changes again", () => {
    const held = [holding("198.18.1.4")];
    const source = sourceOf({ isServed: false, held: () => held });
    source.setConfigMap("config", document("198.18.1.0/24"));
    source.look();
    source.setConfigMap("config", configMap(""));
    const outcome = source.look();
    assert.match(
      told(outcome).join(),
      /^ConfigMap metallb-system\/config: service "shop\/web" holds/,
    );
    held.pop();
    source.setNamespace("new", {});
    assert.equal(source.look(), undefined);
    source.setConfigMap("config", configMap("{}"));
    assert.equal(kindOf(source), "accepted");
  });

  it("LC-29, LC-21: a newly avoided address counts for the controller, not for a speaker", () => {
    for (const [scope, expected] of [
      ["controller", "refused"],
      [{ nodeName: "n1" }, "accepted"],
    ] as const) {
      const source = sourceOf({ scope, isServed: false, held: () => [holding("198.18.1.0")] });
      source.setConfigMap("config", document("198.18.1.0/24"));
      source.look();
      const avoiding =
        "{name: old, protocol: layer2, addresses: [198.18.1.0/24], avoid-buggy-ips: true}";
      source.setConfigMap("config", configMap(`address-pools: [${avoiding}]`));
      assert.equal(kindOf(source), expected);
    }
  });

  it("K8S-3: the same document once more is no news", () => {
    const source = sourceOf({ isServed: false });
    source.setConfigMap("config", document("198.18.1.0/24"));
    source.look();
    source.setConfigMap("config", {
      ...document("198.18.1.0/24"),
      metadata: { name: "config", labels: {} },
    });
    assert.equal(source.look(), undefined);
  });
});

describe("the modern configuration", () => {
  const running = (
    scope: ConfigSourceOptions["scope"] = { nodeName: "n1" },
    held: HeldAddress[] = [],
  ) => {
    const source = sourceOf({ scope, held: () => held });
    source.setObject("IPAddressPool", "lan", versioned(lan, 1));
    source.setObject(
      "BGPAdvertisement",
      "w",
      versioned(bgp("w", { nodeSelectors: [inZone("a")] }), 1),
    );
    source.setNode("n1", { zone: "a" });
    source.setNamespace("web", { zone: "a" });
    assert.equal(kindOf(source), "accepted");
    return source;
  };

  it("CFG-50: any fault keeps the last good one, without a retry; the next change compiles again", () => {
    const source = running();
    source.setObject("BGPPeer", "p", peer("p", { myASN: 0 }));
    const outcome = source.look();
    assert.equal(outcome?.kind === "refused" && outcome.isRetryable, undefined);
    assert.match(
      told(outcome).join(),
      /^BGPPeer metallb-system\/p, spec\.myASN: missing local ASN; /,
    );
    assert.equal(source.look(), undefined);
    assert.equal(source.generation, "modern");
    source.setObject("BGPPeer", "p", peer("p"));
    assert.equal(kindOf(source), "accepted");
  });

  it("CFG-51: equal to what is in force: unchanged, also after a fault", () => {
    const source = running();
    source.setObject("BGPPeer", "p", peer("p", { myASN: 0 }));
    assert.equal(kindOf(source), "refused");
    source.setObject("BGPPeer", "p", undefined);
    assert.equal(kindOf(source), "unchanged");
    source.setSecret("s", { metadata: { name: "s" }, data: {} });
    assert.equal(kindOf(source), "unchanged");
  });

  it("CFG-53: the controller accepts a change that strands addresses", () => {
    const source = running("controller", [holding("198.18.1.1")]);
    source.setObject("IPAddressPool", "lan", pool("lan", { addresses: ["198.18.9.0/24"] }));
    assert.equal(kindOf(source), "accepted");
  });

  it("CFG-53: a speaker waits until it announces no such address any more, and is asked again", () => {
    const held = [holding("198.18.1.1")];
    const source = running({ nodeName: "n1" }, held);
    source.setObject("IPAddressPool", "lan", pool("lan", { addresses: ["198.18.9.0/24"] }));
    const outcome = source.look();
    assert.equal(outcome?.kind === "refused" && outcome.isRetryable, true);
    assert.match(told(outcome).join(), /^Service shop\/web: /);
    assert.equal(kindOf(source), "refused");
    held.pop();
    assert.equal(kindOf(source), "accepted");
  });

  it("K8S-3: a pool counts if its generation, its labels or its identity changed; its status does not", () => {
    const source = running();
    const status = { assignedIPv4: 1, assignedIPv6: 0, availableIPv4: 255, availableIPv6: 0 };
    source.setObject("IPAddressPool", "lan", { ...versioned(lan, 1), status });
    assert.equal(source.look(), undefined);
    const grown = pool("lan", { addresses: ["198.18.0.0/16"] });
    source.setObject("IPAddressPool", "lan", versioned(grown, 2));
    assert.equal(kindOf(source), "accepted");
    source.setObject("IPAddressPool", "lan", versioned(lan, 2, "made anew"));
    assert.equal(kindOf(source), "accepted");
    const labelled = pool("lan", { addresses: ["198.18.1.0/24"] }, { zone: "a" });
    source.setObject("IPAddressPool", "lan", versioned(labelled, 2, "made anew"));
    assert.equal(kindOf(source), "unchanged");
  });

  it("K8S-3: a node counts if its labels changed", () => {
    const source = running();
    source.setNode("n1", { zone: "a" });
    assert.equal(source.look(), undefined);
    source.setNode("n1", { zone: "b" });
    assert.equal(kindOf(source), "accepted");
    source.setNode("ghost", undefined);
    assert.equal(source.look(), undefined);
    const controller = running("controller");
    controller.setNode("n1", { zone: "b" });
    assert.equal(controller.look(), undefined);
  });

  it("K8S-3, IPAM-55: a namespace counts if its labels changed and a pool selects by them", () => {
    const source = running("controller");
    source.setNamespace("web", { zone: "b" });
    assert.equal(source.look(), undefined);
    const serviceAllocation = { namespaceSelectors: [inZone("b")] };
    const picky = pool("picky", { addresses: ["198.18.2.0/24"], serviceAllocation });
    source.setObject("IPAddressPool", "picky", picky);
    const namespaces = () => {
      const outcome = source.look();
      if (outcome?.kind !== "accepted") return outcome?.kind;
      return [...(outcome.config.pools.get("picky")?.serviceAllocation?.namespaces ?? [])];
    };
    assert.deepEqual(namespaces(), ["web"]);
    source.setNamespace("web", { zone: "b" });
    assert.equal(namespaces(), undefined);
    source.setNamespace("web", { zone: "b", other: "x" });
    assert.equal(namespaces(), "unchanged");
    source.setNamespace("db", { zone: "b" });
    assert.deepEqual(namespaces(), ["db", "web"]);
    source.setNamespace("web", undefined);
    assert.deepEqual(namespaces(), ["db"]);
  });

  it("K8S-3, CFG-1: the ConfigMap bgpextras is free text for the speakers", () => {
    const source = running();
    const extras = (text: string) => ({ metadata: { name: "bgpextras" }, data: { extras: text } });
    source.setConfigMap("bgpextras", extras("log stdout"));
    const outcome = source.look();
    assert.equal(outcome?.kind === "accepted" && outcome.config.bgpExtras, "log stdout");
    source.setConfigMap("bgpextras", { ...extras("log stdout"), kind: "ConfigMap" });
    assert.equal(source.look(), undefined);
    const controller = running("controller");
    controller.setConfigMap("bgpextras", extras("x"));
    assert.equal(controller.look(), undefined);
  });

  it("CFG-12: what an earlier compilation found to be apart is compared again when a pool changes", () => {
    const source = running();
    source.setObject("IPAddressPool", "more", pool("more", { addresses: ["198.18.2.0/24"] }));
    assert.equal(kindOf(source), "accepted");
    source.setObject("IPAddressPool", "more", pool("more", { addresses: ["198.18.1.9/32"] }));
    assert.equal(kindOf(source), "refused");
    source.setNode("n2", {});
    assert.equal(kindOf(source), "refused");
    source.setObject("IPAddressPool", "more", undefined);
    assert.equal(kindOf(source), "accepted");
    const twice = pool("lan", { addresses: ["10.0.0.0/8", "10.1.0.0/16"] });
    source.setObject("IPAddressPool", "lan", twice);
    assert.equal(kindOf(source), "refused");
  });
});
