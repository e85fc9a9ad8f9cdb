import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, parseAddress } from "../ip/index.ts";
import { viewService } from "../kube/index.ts";
import { parseAbility } from "../layer2/index.ts";
import { advertisement, poolOf } from "../testing/layer2-config.ts";
import { AddressClaims } from "./address-claims.ts";
import { equallyReady } from "./advertised-readiness.ts";
import type { ElectionSubject } from "./election-outcome.ts";
import { Electorate } from "./electorate.ts";
import { electionOrder } from "./layer2-election.ts";
import { ModernElection } from "./modern-election.ts";

const nodes = ["a", "b", "c"];
const up = "eth0:192.0.2.0/24";
const failed = "eth0!carrier:192.0.2.0/24";

/** `links`: what the speakers of some nodes tell, that are not up. */
function electionOf(links: Record<string, string>, shape: Parameters<typeof advertisement>[0]) {
  const electorate = new Electorate(false);
  for (const name of nodes) electorate.setNode(name, { metadata: { name } });
  const setLinks = (now: Record<string, string>) => {
    const abilities = nodes.map((name) => [name, parseAbility(now[name] ?? up)] as const);
    electorate.setMembers(new Set(nodes), new Map(abilities));
  };
  setLinks(links);
  const claims = new AddressClaims();
  const pool = poolOf("lan", ["192.0.2.0/24"], [advertisement(shape)]);
  const endpoints = [{ nodeName: "a", isReady: true, canServe: true }];
  const subjectOf = (last: number): ElectionSubject => {
    const metadata = { namespace: "shop", name: `web${last}` };
    const service = viewService({ metadata, spec: { type: "LoadBalancer" } });
    return { service, ip: parseAddress(`192.0.2.${last}`)!, pool, endpoints };
  };
  return { claims, election: new ModernElection(electorate, claims), subjectOf, setLinks };
}

describe("claims, and links that failed", () => {
  it("whoever keeps an address hands it over while its link is down, and keeps it else", () => {
    for (const keeper of nodes) {
      const well = electionOf({}, { preempt: false });
      well.claims.set("192.0.2.1", keeper);
      assert.equal(well.election.elect(well.subjectOf(1)).owner, keeper);
      const broken = electionOf({ [keeper]: failed }, { preempt: false });
      broken.claims.set("192.0.2.1", keeper);
      const owner = broken.election.elect(broken.subjectOf(1)).owner;
      assert.ok(owner !== undefined && owner !== keeper);
      const allBroken = electionOf({ a: failed, b: failed, c: failed }, { preempt: false });
      allBroken.claims.set("192.0.2.1", keeper);
      assert.equal(allBroken.election.elect(allBroken.subjectOf(1)).owner, keeper);
    }
  });

  it("says of an owner why it is not simply the first: it keeps the address, it stands in, or the shares are even", () => {
    const plain = electionOf({}, {});
    const first = plain.election.elect(plain.subjectOf(1)).owner!;
    const other = nodes.find((name) => name !== first)!;
    assert.equal(plain.election.elect(plain.subjectOf(1)).standing, undefined);
    const failing = electionOf({ [first]: failed }, {});
    assert.equal(failing.election.elect(failing.subjectOf(1)).standing, "stands-in");
    const kept = electionOf({}, { preempt: false });
    assert.equal(kept.election.elect(kept.subjectOf(1)).standing, undefined);
    kept.claims.set("192.0.2.1", other);
    assert.equal(kept.election.elect(kept.subjectOf(1)).standing, "kept");
    kept.claims.areValid = false;
    assert.equal(kept.election.elect(kept.subjectOf(1)).standing, undefined);
    const even = electionOf({}, { spread: "bounded" });
    assert.equal(even.election.elect(even.subjectOf(1)).standing, undefined);
    even.election.spread([even.subjectOf(1)]);
    assert.equal(even.election.elect(even.subjectOf(1)).standing, "spread");
    const away = electionOf(
      { a: "eth0:10.0.0.0/8", b: "eth0:10.0.0.0/8", c: failed },
      { isSubnetAware: true },
    );
    assert.equal(away.election.elect(away.subjectOf(1)).standing, "outside-subnets");
  });

  it("whoever announces in place of a keeper or of a spread's node is the first of the order, or stands in", () => {
    const order = electionOrder(nodes, "192.0.2.1");
    for (const agreed of nodes) {
      for (const shape of [{ preempt: false }, { spread: "bounded" }] as const) {
        const { election, claims, subjectOf, setLinks } = electionOf({}, shape);
        claims.set("192.0.2.1", agreed);
        election.spread([subjectOf(1)]);
        assert.equal(election.elect(subjectOf(1)).owner, agreed);
        setLinks({ [agreed]: failed });
        const { owner, standing } = election.elect(subjectOf(1));
        assert.equal(
          owner,
          order.find((name) => name !== agreed),
        );
        assert.equal(standing, owner === order[0] ? undefined : "stands-in");
      }
    }
  });

  it("the spread gives nothing to a node whose link is down, and is even among the others", () => {
    const { election, claims, subjectOf } = electionOf({ b: failed }, { spread: "bounded" });
    const subjects = Array.from({ length: 20 }, (_, index) => subjectOf(index + 1));
    for (const { ip } of subjects.slice(0, 5)) claims.set(formatAddress(ip), "b");
    election.spread(subjects);
    const owners = subjects.map((one) => election.elect(one).owner);
    const countOf = (name: string) => owners.filter((owner) => owner === name).length;
    assert.deepEqual(nodes.map(countOf), [10, 0, 10]);
  });

  it("the spread tells apart addresses of one pool by the subnets that links failed in", () => {
    const half = "eth0!carrier:192.0.2.0/25;eth1:192.0.2.128/25";
    const { election, subjectOf } = electionOf({ b: half }, { spread: "bounded" });
    const subjects = [...Array(9).keys()].flatMap((n) => [subjectOf(n + 1), subjectOf(n + 201)]);
    election.spread(subjects);
    const ofB = subjects.filter((one) => election.elect(one).owner === "b").map(({ ip }) => ip);
    assert.equal(ofB.length, 6);
    assert.ok(ofB.every(({ value }) => (value & 255n) > 200n));
  });

  it("all that can answer as well as the best may be chosen; where none can, all", () => {
    const ip = parseAddress("192.0.2.1")!;
    const ready = (texts: readonly string[], isSubnetAware = false) => {
      const offer = { ip, advertisements: [advertisement({ isSubnetAware })] };
      const names = texts.map((_, index) => `n${index}`);
      return equallyReady(names, offer, (name) => parseAbility(texts[Number(name.slice(1))]!));
    };
    assert.deepEqual(ready([up, failed, up]), ["n0", "n2"]);
    assert.deepEqual(ready([failed, failed]), ["n0", "n1"]);
    assert.deepEqual(ready([up, "eth0:10.0.0.0/8"], true), ["n0"]);
    assert.deepEqual(ready([failed, "eth0:10.0.0.0/8"], true), ["n1"]);
  });
});
