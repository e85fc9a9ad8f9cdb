/** Mixed rings in which something works only by half: a pair that is cut, UDP that is blocked, members that are stopped; and IPv6. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { enterPrivateNetwork, whyNoNamespaces } from "../../src/testing/index.ts";
import { buildGoMembers } from "./go-member.ts";
import { MixedRing } from "./mixed-ring.ts";
import { type CapturedPacket, PacketCapture } from "./packet-capture.ts";

const skip = whyNoNamespaces("nft", "setpriv", "nsenter", "tcpdump") ?? buildGoMembers();
if (skip === false) enterPrivateNetwork();

const timeout = 600_000;
/** The first byte of what is neither compressed nor encrypted. */
const [indirectPing, ack] = [1, 2];

describe("half-broken mixed rings", { skip, concurrency: 3, timeout }, () => {
  describe("4 members, plain", { concurrency: 1 }, () => {
    let ring: MixedRing;
    before(async () => {
      ring = await MixedRing.prepare({ ours: 2, go: 2 }, { compress: false, beatMs: 0 });
      ring.startAll();
      await ring.agree();
    });
    after(async () => await ring?.remove());

    it("ML-83, ML-87: two that do not reach each other ask the others, of both kinds, and accuse nobody", async () => {
      ring.forgetDeaths();
      const captures = await Promise.all(
        ["ours1", "go1"].map((name) => PacketCapture.start(ring.hosts.port(name), ring.port)),
      );
      ring.hosts.cut("ours0", "go0");
      for (const [at, helper] of ["ours1", "go1"].entries()) {
        const asked = ({ to, payload }: CapturedPacket): boolean =>
          to === ring.address(helper) && payload[0] === indirectPing;
        const answers = (asker: string) => (packet: CapturedPacket) =>
          packet.to === ring.address(asker) && packet.payload[0] === ack;
        const capture = captures[at]!;
        await ring.soon(capture.packets(6, asked));
        for (const asker of ["ours0", "go0"]) await ring.soon(capture.packets(6, answers(asker)));
      }
      ring.hosts.heal();
      await Promise.all(captures.map((capture) => capture.stop()));
      await ring.agree();
      assert.deepEqual(ring.falseDeaths(), []);
    });

    it("ML-76, ML-83, ML-84: where UDP is blocked, pings over TCP keep members alive, in both directions", async () => {
      ring.forgetDeaths();
      const saysTcp = ({ detail = "" }: { readonly detail?: string }): boolean =>
        detail.includes("over TCP only");
      ring.hosts.cutUdp("ours0");
      await ring.soon(ring.member("ours0").line(saysTcp));
      await ring.soon(ring.member("ours1").line(saysTcp));
      await ring.soon(ring.member("go0").logs(/ours0.* over TCP but UDP probes failed/));
      ring.hosts.cutUdp("go0");
      await ring.soon(
        ring.member("ours1").line(({ detail = "" }) => /go0 answers over TCP only/.test(detail)),
      );
      ring.hosts.heal();
      await ring.agree();
      assert.deepEqual(ring.falseDeaths(), []);
    });

    for (const name of ["ours0", "go0"]) {
      it(`ML-104: ${name} stopped is found dead, and speaks up when it goes on`, async () => {
        ring.member(name).signal("SIGSTOP");
        await ring.agreeWithout(name);
        ring.member(name).signal("SIGCONT");
        await ring.agree();
      });
    }
  });

  for (const [what, settings] of [
    ["plain", {}],
    ["label, 32-byte key", { label: "blue", key: Buffer.alloc(32, 7).toString("base64") }],
  ] as const) {
    describe(`4 members over IPv6, ${what}`, { concurrency: 1 }, () => {
      let ring: MixedRing;
      before(async () => {
        ring = await MixedRing.prepare({ ours: 2, go: 2 }, settings, 6);
      });
      after(async () => await ring?.remove());

      it("ML-27b: they find each other, take a goodbye and a death, and come back", async () => {
        ring.startAll();
        await ring.agree();
        await ring.leave("ours0");
        await ring.kill("go0");
        await ring.agree();
        ring.move("ours0");
        ring.start("ours0");
        ring.start("go0");
        await ring.agree();
      });
    });
  }
});
