import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAddress } from "../ip/index.ts";
import { viewService } from "../kube/index.ts";
import { advertisement, poolOf } from "../testing/layer2-config.ts";
import { AddressClaims } from "./address-claims.ts";
import { Electorate } from "./electorate.ts";
import { ModernElection } from "./modern-election.ts";
import { preemptProblem } from "./ownership.ts";

const sticky = poolOf("lan", ["192.0.2.0/24"], [advertisement({ preempt: false })]);
const plain = poolOf("lan", ["192.0.2.0/24"]);
const ip = parseAddress("192.0.2.1")!;
const nodes = ["a", "b", "c"];

function electionOf(alive: readonly string[] = nodes) {
  const electorate = new Electorate(false);
  for (const name of nodes) electorate.setNode(name, { metadata: { name } });
  electorate.setMembers(new Set(alive));
  const claims = new AddressClaims();
  return { electorate, claims, election: new ModernElection(electorate, claims) };
}

function subjectOf(pool = sticky, annotations: Record<string, string> = {}, policy = "Cluster") {
  const service = viewService({
    metadata: { namespace: "shop", name: "web", annotations },
    spec: { type: "LoadBalancer", externalTrafficPolicy: policy },
  });
  const endpoints = ["a", "b"].map((nodeName) => ({ nodeName, isReady: true, canServe: true }));
  return { service, ip, pool, endpoints };
}

describe("the election with claims", () => {
  const first = electionOf().election.elect(subjectOf()).owner!;
  const other = nodes.find((name) => name !== first)!;

  it("is MetalLB's order until somebody claims, and whoever claims stays the owner", () => {
    const { election, claims } = electionOf();
    assert.equal(election.elect(subjectOf()).owner, election.elect(subjectOf(plain)).owner);
    claims.set("192.0.2.1", other);
    assert.equal(election.elect(subjectOf()).owner, other);
    assert.equal(election.elect(subjectOf(plain)).owner, first);
  });

  it("is the order again where the owner is dead, excluded, or not to announce this Service", () => {
    const { election, claims, electorate } = electionOf();
    claims.set("192.0.2.1", other);
    const labels = { "node.kubernetes.io/exclude-from-external-load-balancers": "" };
    electorate.setNode(other, { metadata: { name: other, labels } });
    assert.equal(election.elect(subjectOf()).owner, first);
    electorate.setNode(other, { metadata: { name: other } });
    assert.equal(election.elect(subjectOf()).owner, other);
    electorate.setMembers(new Set(nodes.filter((name) => name !== other)));
    assert.equal(election.elect(subjectOf()).owner, first);
    const local = electionOf();
    local.claims.set("192.0.2.1", "c");
    assert.notEqual(local.election.elect(subjectOf(sticky, {}, "Local")).owner, "c");
    local.claims.set("192.0.2.1", "gone");
    assert.equal(local.election.elect(subjectOf()).owner, first);
  });

  it("is the order while claims may not count", () => {
    const { election, claims } = electionOf();
    claims.set("192.0.2.1", other);
    claims.areValid = false;
    assert.equal(election.elect(subjectOf()).owner, first);
  });

  it("follows a Service's own word before that of the L2Advertisement, unless its address is shared", () => {
    const { election, claims } = electionOf();
    claims.set("192.0.2.1", other);
    const preempt = "metallb-ts/preempt";
    assert.equal(election.elect(subjectOf(plain, { [preempt]: "false" })).owner, other);
    assert.equal(election.elect(subjectOf(sticky, { [preempt]: "true" })).owner, first);
    assert.equal(election.elect(subjectOf(sticky, { [preempt]: "flase" })).owner, other);
    const shared = { "metallb.io/allow-shared-ip": "key", [preempt]: "false" };
    assert.equal(election.elect(subjectOf(plain, shared)).owner, first);
    assert.equal(election.elect(subjectOf(plain)).claimed, undefined);
    assert.equal(election.elect(subjectOf(plain, { [preempt]: "false" })).claimed, "192.0.2.1");
  });

  it("tells why a Service's annotation is not followed", () => {
    const problemOf = (annotations: Record<string, string>) =>
      preemptProblem(subjectOf(plain, annotations).service);
    assert.equal(problemOf({}), undefined);
    assert.equal(problemOf({ "metallb-ts/preempt": "false" }), undefined);
    assert.equal(
      problemOf({ "metallb-ts/preempt": "no" }),
      'the annotation metallb-ts/preempt="no" has no effect, and the L2Advertisement decides: write "true" or "false", in quotes',
    );
    assert.match(
      problemOf({ "metallb-ts/preempt": "false", "metallb.universe.tf/allow-shared-ip": "k" })!,
      /share an address have one owner/,
    );
  });
});
