/** Debian's prometheus-alertmanager in a ring with our members: it hands over state of its own, and speaks TCP to all. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork, whyNoNamespaces } from "../../src/testing/index.ts";
import { Alertmanager, fetchAlertmanager } from "./alertmanager.ts";
import { MixedRing } from "./mixed-ring.ts";

const skip = whyNoNamespaces("nft", "setpriv", "nsenter") ?? fetchAlertmanager();
if (skip === false) enterPrivateNetwork();

describe("a ring with Debian's prometheus-alertmanager", { skip, timeout: 300_000 }, () => {
  const data = mkdtempSync(join(tmpdir(), "alertmanager-"));
  let ring: MixedRing;
  let manager: Alertmanager;
  let name: string;
  const ours = ["ours0", "ours1"];
  before(async () => {
    ring = await MixedRing.prepare({ ours: 2 });
    await ring.hosts.add("am", 9);
    for (const member of ours) ring.start(member);
    await ring.agree();
  });
  after(async () => {
    await manager?.stop("SIGKILL");
    await ring?.remove();
    rmSync(data, { recursive: true });
  });

  it("ML-27d, ML-70: it joins with its state, lists ours, and is listed by ours", async () => {
    const peers = ours.map((member) => ring.address(member));
    const place = { address: ring.hosts.address(9), port: ring.port, peers, data };
    manager = new Alertmanager(ring.hosts.on("am"), place);
    const seen = await ring.soon(manager.members(3));
    assert.deepEqual(seen.addresses, [...peers, place.address].sort());
    name = seen.name;
    await ring.soon(Promise.all(ours.map((one) => ring.member(one).sees([...ours, name]))));
  });

  it("ML-102, ML-106: it finds ours dead, and sees it come back", async () => {
    await ring.kill("ours1");
    await ring.soon(manager.members(2));
    ring.start("ours1");
    await ring.soon(manager.members(3));
    await ring.soon(Promise.all(ours.map((one) => ring.member(one).sees([...ours, name]))));
  });

  it("ML-108: its goodbye is taken at once", async () => {
    await manager.stop("SIGTERM");
    await ring.agree();
    const left = ring
      .member("ours0")
      .lines.filter(({ event, node }) => event === "leave" && node === name);
    assert.deepEqual(
      left.map(({ detail }) => detail),
      [`by ${name}`],
    );
  });
});
