/** Our running gossip in rings with members of the real library: lives of members from the first join to the last loss. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork, whyNoNamespaces } from "../../src/testing/index.ts";
import { buildGoMembers } from "./go-member.ts";
import { type Kind, MixedRing, type RingSettings } from "./mixed-ring.ts";

const skip = whyNoNamespaces("nft", "setpriv", "nsenter") ?? buildGoMembers();
if (skip === false) enterPrivateNetwork();

const key = (bytes: number): string => Buffer.alloc(bytes, 7).toString("base64");

/** What a lost packet did not tell comes with the next exchange: soon, so that a test need not wait for it. */
const often = { pushPullIntervalMs: 5000 };

interface RingCase {
  readonly title: string;
  readonly kinds: Readonly<Partial<Record<Kind, number>>>;
  readonly settings: RingSettings;
}

const rings: readonly RingCase[] = [
  {
    title: "3 members, plain",
    kinds: { ours: 1, go: 1, old: 1 },
    settings: { compress: false },
  },
  {
    title: "3 members, all with stock timers, 16-byte key",
    kinds: { ours: 1, go: 1, old: 1 },
    settings: { key: key(16), beatMs: 0 },
  },
  {
    title: "5 members, label, 32-byte key, compression",
    kinds: { ours: 2, go: 2, new: 1 },
    settings: { label: "blue", key: key(32), ...often },
  },
  {
    title: "15 members of four kinds, 16-byte key, compression",
    kinds: { ours: 5, go: 4, old: 3, new: 3 },
    settings: { key: key(16), ...often },
  },
  {
    title: "15 members, all with stock timers, label, compression",
    kinds: { ours: 8, go: 7 },
    settings: { label: "blue", beatMs: 0, ...often },
  },
];

const timeout = 600_000;

describe("mixed rings", { skip, concurrency: 4, timeout }, () => {
  for (const { title, kinds, settings } of rings) {
    describe(title, { concurrency: 1 }, () => {
      let ring: MixedRing;
      before(async () => {
        ring = await MixedRing.prepare(kinds, settings);
      });
      after(async () => await ring?.remove());
      /** One of ours and one of theirs. */
      const pair = ["ours0", "go0"] as const;

      it("ML-70, ML-160: all that start at once find each other", async () => {
        ring.startAll();
        await ring.agree();
      });

      it("ML-108, ML-109: who says goodbye is gone at once, and may come back with a new address", async () => {
        await ring.leave(...pair);
        await ring.agree();
        for (const name of pair) ring.move(name);
        for (const name of pair) ring.start(name);
        await ring.agree();
      });

      it("ML-106, ML-107, ML-142: who is killed is found dead by all, and may come back", async () => {
        await ring.kill(...pair);
        await ring.agree();
        for (const name of pair) ring.start(name);
        await ring.agree();
      });

      it("ML-105: who starts again before anybody noticed speaks up with a higher incarnation", async () => {
        await ring.kill(...pair);
        for (const name of pair) ring.start(name);
        await ring.agree();
      });

      it("ML-83, ML-104: 5 % loss kills nobody, and a death is seen through it", async () => {
        ring.hosts.lose(5);
        await ring.kill("go0");
        await ring.agree();
        ring.start("go0");
        await ring.agree();
        // Members that promise to be noticed in half a second must not be starved for so long, as here they may be.
        if (settings.beatMs === 0) assert.deepEqual(ring.falseDeaths(...pair), []);
      });

      it("ML-91, ML-110: news come through 30 % loss of datagrams: a goodbye, a return, a death", async () => {
        ring.hosts.loseDatagrams(30);
        await ring.leave("go0");
        await ring.agree();
        ring.start("go0");
        await ring.agree();
        await ring.kill("ours0");
        await ring.agree();
        ring.start("ours0");
        await ring.agree();
        ring.hosts.heal();
        await ring.agree();
      });

      it("ML-159: both sides of a partition go on, and are one ring when it heals", async () => {
        const side = ring.names.filter((_, at) => at % 2 === 0);
        const otherSide = ring.names.filter((_, at) => at % 2 === 1);
        ring.hosts.part(side);
        await Promise.all([ring.agree(side), ring.agree(otherSide)]);
        ring.hosts.heal();
        await ring.agree();
      });
    });
  }

  describe("3 members that forget the dead soon", { concurrency: 1 }, () => {
    let ring: MixedRing;
    before(async () => {
      ring = await MixedRing.prepare({ ours: 2, go: 2 }, { gossipToTheDeadMs: 3000 });
      ring.startAll();
      await ring.agree();
    });
    after(async () => await ring?.remove());

    for (const name of ["ours0", "go0"]) {
      it(`ML-81, ML-109: ${name} killed returns with a new address once its old one is forgotten`, async () => {
        await ring.kill(name);
        await ring.agree();
        ring.move(name);
        ring.start(name);
        await ring.agree();
      });
    }
  });
});
