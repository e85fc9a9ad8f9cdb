import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type IpAddress, parseAddress } from "../ip/index.ts";
import { type ProbeSighting, WireProbes } from "./wire-probes.ts";

const FOREIGN = "02:00:00:00:00:99";
const eth0 = new Set(["eth0"]);

for (const [family, text] of [
  ["IPv4", "192.168.1.240"],
  ["IPv6", "fd00::240"],
] as const) {
  describe(`probes on the wire, ${family}`, () => {
    const ip = parseAddress(text) as IpAddress;
    const sighting = (more: Partial<ProbeSighting> = {}): ProbeSighting => ({
      ip,
      mac: FOREIGN,
      on: "eth0",
      kind: "answers",
      ...more,
    });

    it("RFC 5227 section 2.1.1: ask three times, and call an address free when nobody said anything", () => {
      const probes = new WireProbes();
      assert.ok(probes.begin(ip, eth0, 1000));
      for (const atMs of [1000, 1200, 1400]) {
        assert.equal(probes.nextMs(), atMs);
        assert.deepEqual(probes.step(atMs), [{ kind: "send", ip, on: eth0 }]);
        probes.sent(ip, ["eth0"]);
      }
      assert.deepEqual(probes.step(1599), []);
      assert.deepEqual(probes.step(1600), [{ kind: "verdict", ip, verdict: { kind: "free" } }]);
      assert.ok(probes.isIdle);
      assert.equal(probes.nextMs(), Infinity);
    });

    it("find at once who answers, claims, or asks for itself at the same time", () => {
      for (const [kind, how] of [
        ["answers", "has"],
        ["claims", "has"],
        ["probes", "probes"],
      ] as const) {
        const probes = new WireProbes();
        probes.begin(ip, eth0, 0);
        assert.deepEqual(probes.hear(sighting({ on: "eth1" })), [], "not asked there");
        assert.deepEqual(probes.hear(sighting({ kind })), [
          { kind: "verdict", ip, verdict: { kind: "used", mac: FOREIGN, on: "eth0", how } },
        ]);
        assert.deepEqual(probes.hear(sighting({ kind })), [], "once");
        assert.ok(probes.isIdle);
      }
    });

    it("call nothing free that was not asked for", () => {
      const probes = new WireProbes();
      probes.begin(ip, eth0, 0);
      for (const atMs of [0, 200, 400]) probes.step(atMs);
      assert.deepEqual(probes.step(600), [{ kind: "verdict", ip, verdict: { kind: "unsent" } }]);
    });

    it("call nothing free where one of two interfaces sent nothing, however often the other one did", () => {
      const verdict = (...sent: string[][]) => {
        const probes = new WireProbes();
        probes.begin(ip, new Set(["eth0", "eth1"]), 0);
        for (const [at, names] of sent.entries()) {
          probes.step(at * 200);
          probes.sent(ip, names);
        }
        const [step] = probes.step(600);
        return step?.kind === "verdict" ? step.verdict.kind : "none";
      };
      assert.equal(verdict(["eth0"], ["eth0"], ["eth0"]), "unsent");
      assert.equal(verdict(["eth0"], ["eth1"], []), "free");
    });

    it("call nothing free when a frame was passed over meanwhile, but an answer counts", () => {
      const asked = (on: string, passedOverAtMs: number) => {
        const probes = new WireProbes();
        probes.passOver("eth0", 99);
        probes.begin(ip, eth0, 100);
        probes.step(100);
        probes.sent(ip, ["eth0"]);
        for (const atMs of [300, 500]) probes.step(atMs);
        probes.passOver(on, passedOverAtMs);
        return probes;
      };
      const verdict = (on: string) => asked(on, 650).step(700);
      assert.deepEqual(verdict("eth0"), [{ kind: "verdict", ip, verdict: { kind: "unheard" } }]);
      assert.deepEqual(verdict("eth1"), [{ kind: "verdict", ip, verdict: { kind: "free" } }]);
      const [heard] = asked("eth0", 650).hear(sighting());
      assert.equal(heard?.kind === "verdict" && heard.verdict.kind, "used");
    });

    it("give each question its time, however late the timer is", () => {
      const probes = new WireProbes();
      probes.begin(ip, eth0, 0);
      probes.step(900);
      assert.equal(probes.nextMs(), 1100);
    });
  });
}

describe("probes on the wire", () => {
  it("go on side by side, and are bounded", () => {
    const probes = new WireProbes();
    const at = (last: number): IpAddress => ({ family: 4, value: BigInt(last) });
    for (let last = 0; last < 512; last++) assert.ok(probes.begin(at(last), eth0, 0));
    assert.ok(!probes.begin(at(512), eth0, 0));
    assert.ok(probes.begin(at(3), eth0, 0), "joins");
    assert.equal(probes.step(0).length, 512);
  });
});
