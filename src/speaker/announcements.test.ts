import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileConfigMap } from "../config/index.ts";
import {
  AddressClaims,
  type ElectionSubject,
  Electorate,
  LegacyElection,
  ModernElection,
  type ServiceEndpoint,
} from "../election/index.ts";
import { formatAddress, parseAddress } from "../ip/index.ts";
import type { LoadBalancerIngress, Service } from "../kube/index.ts";
import { advertisement, configOf, poolOf } from "../testing/layer2-config.ts";
import {
  type AnnouncementInput,
  type Announcement,
  decideAnnouncement,
  type KnownService,
  knownService,
} from "./announcements.ts";

const compiled = compileConfigMap(`
address-pools:
- {name: lan, protocol: layer2, addresses: [192.168.1.240-192.168.1.249]}
- {name: lan6, protocol: layer2, addresses: ["fd00:1::/120"]}
- {name: wan, protocol: bgp, addresses: [198.51.100.0/24]}
`);
assert.ok(compiled.ok);
const { config } = compiled;
const ip = (text: string) => parseAddress(text)!;

function service(ingress: LoadBalancerIngress[], type = "LoadBalancer"): KnownService {
  const metadata = { name: "web", namespace: "shop" };
  const object: Service = { metadata, spec: { type }, status: { loadBalancer: { ingress } } };
  return knownService(object);
}

const onNode = (nodeName: string): ServiceEndpoint => ({ nodeName, isReady: true, canServe: true });
const announced: Announcement = {
  ips: [ip("192.168.1.240")],
  pool: "lan",
  protocol: "layer2",
  interfaces: undefined,
};

/** Decides for node n1, which has the only endpoint, unless told otherwise. */
function decide(more: Partial<AnnouncementInput> = {}) {
  return decideAnnouncement({
    serviceKey: "shop/web",
    service: service([{ ip: "192.168.1.240" }]),
    endpoints: [onNode("n1")],
    config,
    announced: undefined,
    formerOwner: undefined,
    nodeName: "n1",
    isAlive: () => true,
    abilityOf: () => undefined,
    nodeObjection: () => undefined,
    lbClass: "",
    elections: {
      legacy: new LegacyElection(),
      modern: new ModernElection(new Electorate(false)),
    },
    ...more,
  });
}

const withdraws = (reason: string) => ({ kind: "withdraw", reason });

describe("announcements", () => {
  it("L2-10: an elected node announces the address of a configured pool", () => {
    assert.deepEqual(decide(), { kind: "announce", announcement: announced });
  });

  it("L2-1: a service that is gone is withdrawn", () => {
    assert.deepEqual(decide({ service: undefined }), withdraws("serviceDeleted"));
  });

  it("L2-11 K8S-8: a service without Endpoints counts as deleted", () => {
    assert.deepEqual(decide({ endpoints: undefined }), withdraws("serviceDeleted"));
  });

  it("L2-2: another type of service is withdrawn, even before there is a configuration", () => {
    const clusterIp = service([{ ip: "192.168.1.240" }], "ClusterIP");
    assert.deepEqual(decide({ service: clusterIp }), withdraws("notLoadBalancer"));
    const early = decide({ service: clusterIp, config: undefined });
    assert.deepEqual(early, withdraws("notLoadBalancer"));
  });

  it("L2-3: without a configuration nothing is done", () => {
    assert.deepEqual(decide({ config: undefined, announced }), { kind: "wait" });
  });

  it("L2-4: only a service with exactly one ingress address is announced", () => {
    for (const ingress of [[], [{ ip: "192.168.1.240" }, { ip: "192.168.1.241" }]]) {
      assert.deepEqual(decide({ service: service(ingress) }), withdraws("noIPAllocated"));
    }
  });

  it("L2-5: an ingress address that does not parse, or is a hostname, is invalid", () => {
    for (const ingress of [{ ip: "192.168.1.2400" }, { hostname: "web.example.com" }]) {
      assert.deepEqual(decide({ service: service([ingress]) }), withdraws("invalidIP"));
    }
  });

  it("L2-6: an address outside all pools is not announced", () => {
    const outside = service([{ ip: "192.168.1.239" }]);
    assert.deepEqual(decide({ service: outside }), withdraws("ipNotAllowed"));
  });

  it("L2-7: when the pool's protocol changed, the layer 2 announcement ends", () => {
    const moved = decide({ service: service([{ ip: "198.51.100.1" }]), announced });
    assert.deepEqual(moved, withdraws("protocolChanged"));
  });

  it("L2-8: when the address changed, the old one is withdrawn before the new one is announced", () => {
    const decision = decide({ service: service([{ ip: "192.168.1.241" }]), announced });
    const next = { ...announced, ips: [ip("192.168.1.241")] };
    assert.deepEqual(decision, {
      kind: "announce",
      announcement: next,
      replaces: "loadBalancerIPChanged",
    });
    const lost = decide({
      service: service([{ ip: "192.168.1.241" }]),
      announced,
      nodeName: "n2",
    });
    assert.deepEqual(lost, { ...withdraws("loadBalancerIPChanged"), owner: "n1" });
  });

  it("L2-8: the same address again is no change", () => {
    assert.deepEqual(decide({ announced }), { kind: "announce", announcement: announced });
  });

  it("L2-9 L2-20 L2-22: a node that is not elected, or of which no speaker lives, does not announce", () => {
    assert.deepEqual(decide({ nodeName: "n2" }), { ...withdraws("notOwner"), owner: "n1" });
    assert.deepEqual(decide({ endpoints: [] }), withdraws("notOwner"));
    assert.deepEqual(decide({ isAlive: (name) => name !== "n1" }), withdraws("notOwner"));
  });

  it("L2-51 L2-40 L2-49: v0.9.5 elects by the service's name, so services on one address can differ", () => {
    const endpoints = ["kmaster", "knode1", "knode2"].map(onNode);
    const owners = ["default/nginx", "default/other1", "default/other2"].map((serviceKey) =>
      ["kmaster", "knode1", "knode2"].filter(
        (nodeName) => decide({ serviceKey, endpoints, nodeName }).kind === "announce",
      ),
    );
    assert.deepEqual(owners[0], ["knode1"]);
    assert.ok(owners.every((winners) => winners.length === 1));
  });

  it("L2-10 L2-40: an IPv6 address is announced by the elected node, as an IPv4 address is", () => {
    const six = service([{ ip: "fd00:1::1" }]);
    const decision = decide({ service: six });
    assert.ok(decision.kind === "announce");
    const { ips, pool, protocol } = decision.announcement;
    assert.deepEqual([ips.map(formatAddress), pool, protocol], [["fd00:1::1"], "lan6", "layer2"]);
    assert.deepEqual(decide({ service: six, nodeName: "n2" }), {
      ...withdraws("notOwner"),
      owner: "n1",
    });
  });

  it("L2-7: addresses of bgp pools are refused with a reason of our own", () => {
    const bgp = service([{ ip: "198.51.100.1" }]);
    assert.deepEqual(decide({ service: bgp }), withdraws("notSupported"));
  });

  it("later releases: one decision takes one election, whoever the owner is and whatever is asked about others", () => {
    const electorate = new Electorate(false);
    for (const name of ["n1", "n2"]) electorate.setNode(name, { metadata: { name } });
    const claims = new AddressClaims();
    claims.set("192.0.2.1", "n1");
    let elections = 0;
    const modern = new (class extends ModernElection {
      override elect(subject: ElectionSubject) {
        elections++;
        return super.elect(subject);
      }
    })(electorate, claims);
    const ad = advertisement({ preempt: false, interfaces: new Set(["eth0"]) });
    const sticky = configOf(poolOf("lan", ["192.0.2.0/24"], [ad]));
    const legacy = new LegacyElection();
    const asked = { config: sticky, service: service([{ ip: "192.0.2.1" }]) };
    const told = ["n1", "n2", "n3"].map((nodeName) =>
      decide({ ...asked, nodeName, formerOwner: "n2", announced, elections: { legacy, modern } }),
    );
    assert.equal(elections, 3);
    const owners = told.map((one) => "owner" in one && one.owner);
    assert.deepEqual(owners, [false, "n1", "n1"]);
    const common = told.map((one) => one.kind !== "wait" && [one.standing, one.claimed]);
    assert.deepEqual(new Set(common.map(String)), new Set(["kept,192.0.2.1"]));
    const [, second] = told;
    assert.ok(second?.kind === "withdraw");
    assert.deepEqual(second.interfaces, new Set(["eth0"]));
  });
});
