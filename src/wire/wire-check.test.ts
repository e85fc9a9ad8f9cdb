import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { formatAddress, type IpAddress, parseAddress, parsePrefix } from "../ip/index.ts";
import { seededRandom } from "../testing/seeded-random.ts";
import { judge } from "./finding.ts";
import { seenOfService } from "./seen-condition.ts";
import { WireCheck, type WireCommand, type WireEvent } from "./wire-check.ts";

const ip = (text: string): IpAddress => parseAddress(text) as IpAddress;
const OWNER = "02:00:00:00:00:01";
const FOREIGN = "02:00:00:00:00:99";
const SECOND = "02:00:00:00:00:98";

type Unstamped<E> = E extends WireEvent ? Omit<E, "nowMs"> : never;

/** A wire with a pretended clock: who answers for which address, after a millisecond. */
class Wire {
  nowMs = 0;
  readonly check: WireCheck;
  readonly answers = new Map<string, string[]>();
  readonly asked: { atMs: number; ip: string }[] = [];
  readonly commands: WireCommand[] = [];
  /** Whether the next packet, a question or an answer, is lost. */
  loses: () => boolean = () => false;
  readonly #heard: { atMs: number; ip: string; mac: string }[] = [];
  #timerMs: number | undefined;

  constructor(self = "n2", speakers = ["n1", "n2"]) {
    this.check = new WireCheck(self);
    this.step({ kind: "speakers", names: new Set(speakers) });
    this.step({ kind: "interfaces", names: { 4: ["eth0"], 6: ["eth0"] } });
  }

  step(event: Unstamped<WireEvent>): void {
    for (const command of this.check.step({ ...event, nowMs: this.nowMs })) {
      this.commands.push(command);
      if (command.kind === "set-timer") this.#timerMs = this.nowMs + command.ms;
      if (command.kind !== "ask") continue;
      const text = formatAddress(command.ip);
      this.asked.push({ atMs: this.nowMs, ip: text });
      for (const mac of this.answers.get(text) ?? []) {
        if (this.loses() || this.loses()) continue;
        this.#heard.push({ atMs: this.nowMs + 1, ip: text, mac });
      }
    }
  }

  own(address: string, owner = "n1", more: { service?: string; interfaces?: string[] } = {}): void {
    const { service = `shop/${address}`, interfaces } = more;
    const on = interfaces && new Set(interfaces);
    this.step({ kind: "owned", subject: { service, ips: [ip(address)], owner, interfaces: on } });
  }

  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const heard = this.#heard[0];
      const nextMs = Math.min(heard?.atMs ?? Infinity, this.#timerMs ?? Infinity);
      if (nextMs > endMs) break;
      this.nowMs = nextMs;
      if (heard?.atMs === nextMs) {
        this.#heard.shift();
        this.step({ kind: "heard", ip: ip(heard.ip), on: "eth0", mac: heard.mac });
      } else {
        this.#timerMs = undefined;
        this.step({ kind: "timer" });
      }
    }
    this.nowMs = endMs;
  }

  found(): string[] {
    return this.commands.flatMap((one) =>
      one.kind === "found"
        ? [
            [one.ip, one.finding.seen, one.finding.why]
              .filter((word) => word !== undefined)
              .join(" "),
          ]
        : [],
    );
  }

  strangers(): string[] {
    const told = this.commands.flatMap((one) =>
      one.kind === "stranger"
        ? [`${one.ip} ${one.answer.mac}${one.isInstead ? " instead" : ""}`]
        : [],
    );
    return [...new Set(told)];
  }
}

for (const [family, VIP, NODE] of [
  ["IPv4", "192.168.1.240", "192.168.1.1"],
  ["IPv6", "fd00::240", "fd00::1"],
] as const) {
  describe(`wire check, ${family}`, () => {
    /** n2 asks, n1 owns; its kernel answers for its own address. */
    function cluster(answers: string[] = [OWNER]): Wire {
      const wire = new Wire();
      wire.step({ kind: "node", name: "n1", addresses: [ip(NODE)] });
      wire.answers.set(NODE, [OWNER]);
      wire.answers.set(VIP, answers);
      wire.own(VIP);
      return wire;
    }

    it("asks shortly after a take-over, and again every two seconds where there are few", () => {
      const wire = cluster();
      wire.run(5000);
      const times = wire.asked.filter((one) => one.ip === VIP).map(({ atMs }) => atMs);
      assert.deepEqual(times, [500, 2500, 4500]);
      assert.deepEqual(wire.found(), [`${VIP} yes`]);
    });

    it("keeps what it found when only the reason for the owner is another", () => {
      const wire = cluster();
      wire.run(1600);
      const [before] = wire.check.assignments.usersOf(VIP).values();
      wire.step({ kind: "owned", subject: { ...before!, standing: ["KeepsAddress", ""] } });
      assert.equal(wire.check.findingOf(VIP)?.seen, "yes");
      const [after] = wire.check.assignments.usersOf(VIP).values();
      assert.equal(after?.standing?.[0], "KeepsAddress");
    });

    it("asks for many ten at a time, so that it is woken twice a second, and for each no more often", () => {
      const wire = cluster();
      const others = Array.from({ length: 99 }, (_, at) =>
        VIP.replace(/[^.:]+$/, String(at + 100)),
      );
      for (const other of others) wire.own(other);
      wire.run(20_000);
      const routine = wire.asked.filter(({ ip, atMs }) => atMs > 10_000 && ip !== NODE);
      const moments = new Set(routine.map(({ atMs }) => atMs));
      assert.ok(moments.size <= 24, `${moments.size} moments`);
      const ofOne = routine.filter(({ ip }) => ip === others[0]).length;
      assert.ok(ofOne <= 3 && ofOne >= 2, `${ofOne} questions for one`);
    });

    it("says what it found only when it changes, and nothing after one lost answer", () => {
      const wire = cluster();
      wire.run(1600);
      wire.answers.set(VIP, []);
      wire.run(1000);
      wire.answers.set(VIP, [OWNER]);
      wire.run(5000);
      assert.deepEqual(wire.found(), [`${VIP} yes`]);
    });

    it("says within five seconds that nobody answers, and when somebody does again", () => {
      const wire = cluster();
      wire.run(2600);
      wire.answers.set(VIP, []);
      wire.run(5000);
      assert.deepEqual(wire.found(), [`${VIP} yes`, `${VIP} nobody`]);
      wire.answers.set(VIP, [OWNER]);
      wire.run(5000);
      assert.deepEqual(wire.found().at(-1), `${VIP} yes`);
    });

    it("names who answers instead of the owner, and who answers beside it, within five seconds", () => {
      for (const [answers, seen, told] of [
        [[FOREIGN], "wrong", `${VIP} ${FOREIGN} instead`],
        [[FOREIGN, OWNER], "two", `${VIP} ${FOREIGN}`],
      ] as const) {
        const wire = cluster();
        wire.run(2600);
        wire.answers.set(VIP, [...answers]);
        wire.run(5000);
        assert.deepEqual(wire.found(), [`${VIP} yes`, `${VIP} ${seen}`]);
        assert.deepEqual(wire.strangers(), [told]);
      }
    });

    it("a machine that comes back, or answers alone now, is news, and not while all stays as it is", () => {
      const wire = cluster([OWNER, FOREIGN]);
      const news = (): string[] =>
        wire.commands
          .splice(0)
          .flatMap((one) =>
            one.kind === "stranger" && one.isNews ? [one.isInstead ? "instead" : "too"] : [],
          );
      wire.run(20_000);
      assert.deepEqual(news(), ["too"]);
      wire.answers.set(VIP, [FOREIGN]);
      wire.run(20_000);
      assert.deepEqual(news(), ["instead"]);
      wire.answers.set(VIP, [OWNER]);
      wire.run(20_000);
      wire.answers.set(VIP, [OWNER, FOREIGN]);
      wire.run(20_000);
      assert.deepEqual(news(), ["too"]);
    });

    it("L2-183: where one packet in twenty is lost nobody is accused for an hour, and a stranger is told once", () => {
      const random = seededRandom(5227);
      const wire = cluster();
      wire.loses = () => random() < 0.05;
      wire.run(3_600_000);
      assert.deepEqual(wire.found(), [`${VIP} yes`]);
      wire.answers.set(VIP, [OWNER, FOREIGN]);
      wire.run(3_600_000);
      assert.deepEqual(wire.found(), [`${VIP} yes`, `${VIP} two`]);
    });

    it("tells nothing of a hand-over, during which both answer", () => {
      const wire = cluster([OWNER, SECOND]);
      wire.run(1000);
      wire.answers.set(VIP, [OWNER]);
      wire.run(6000);
      assert.deepEqual([wire.found(), wire.strangers()], [[`${VIP} yes`], []]);
    });

    it("does not accuse a node whose network it does not share: silence then means nothing", () => {
      const wire = cluster([]);
      wire.answers.set(NODE, []);
      wire.run(6000);
      assert.deepEqual(wire.found(), [`${VIP} unknown apart`]);
    });

    it("L2-184: silence where the owner is known counts, whoever answers where it is not", () => {
      for (const isSaid of [false, true]) {
        const { seen } = judge({
          answers: [{ mac: SECOND, on: "eth1" }],
          owners: ["n1"],
          macsOf: (_, on) => new Set(on === "eth0" ? [OWNER] : []),
          knownMacsOf: (_, on) => new Set(on === "eth0" ? [OWNER] : []),
          isSaidBy: () => isSaid,
          wasSeenOn: (_, on) => on === "eth0",
          where: ["eth0", "eth1"],
        });
        assert.equal(seen, "nobody");
      }
    });

    it("L2-183: silence where the owner was known says so, though it answers in another network", () => {
      const { seen, why } = judge({
        answers: [{ mac: SECOND, on: "eth1" }],
        owners: ["n1"],
        macsOf: () => new Set(),
        knownMacsOf: (_, on) => new Set(on === "eth0" ? [OWNER] : []),
        isSaidBy: () => true,
        wasSeenOn: (_, on) => on === "eth0",
        where: ["eth0", "eth1"],
      });
      assert.deepEqual([seen, why], ["unknown", "silent"]);
    });

    it("L2-183: where neither the owner nor its node is heard any more nobody is accused, and the reason says so", () => {
      const wire = cluster([OWNER]);
      wire.run(10_000);
      for (const silent of [VIP, NODE]) wire.answers.set(silent, []);
      wire.run(10_000);
      assert.deepEqual(wire.found(), [`${VIP} yes`, `${VIP} unknown silent`]);
      const finding = wire.check.findingOf(VIP)!;
      const condition = seenOfService("n1", [[VIP, finding]]);
      assert.deepEqual([condition?.status, condition?.reason], ["Unknown", "OwnerSilent"]);
      wire.answers.set(VIP, [OWNER]);
      wire.answers.set(NODE, [OWNER]);
      wire.run(10_000);
      assert.equal(wire.found().at(-1), `${VIP} yes`);
    });

    it("only records who answers where the owner's own address is not answered", () => {
      const wire = cluster([FOREIGN]);
      wire.answers.set(NODE, []);
      wire.run(6000);
      assert.deepEqual([wire.found(), wire.strangers()], [[`${VIP} unknown stranger`], []]);
    });

    it("L2-100 L2-191: an answer is the owner's where its own speaker says that it has the MAC address, and no other's", () => {
      for (const node of [[], [OWNER]]) {
        const wire = cluster([SECOND, ...node]);
        wire.answers.set(NODE, node);
        wire.step({ kind: "macs", macs: new Map([[SECOND, "n1"]]) });
        wire.run(6000);
        assert.deepEqual([wire.found(), wire.strangers()], [[`${VIP} yes`], []]);
      }
      const wire = cluster([SECOND, OWNER]);
      wire.step({ kind: "macs", macs: new Map([[SECOND, "n3"]]) });
      wire.run(6000);
      assert.deepEqual([wire.found(), wire.strangers()], [[`${VIP} two`], [`${VIP} ${SECOND}`]]);
    });

    it("expects nothing on interfaces that the advertisements do not list", () => {
      const wire = cluster([]);
      wire.own(VIP, "n1", { interfaces: ["eth7"] });
      wire.run(6000);
      assert.deepEqual(wire.found(), [`${VIP} unknown apart`]);
    });

    it("a single speaker says that nobody can tell, but still hears who else answers", () => {
      const wire = new Wire("n1", ["n1"]);
      wire.answers.set(VIP, [FOREIGN]);
      wire.own(VIP);
      wire.run(5000);
      assert.deepEqual(wire.found(), [`${VIP} unknown alone`]);
      assert.deepEqual(wire.strangers(), [`${VIP} ${FOREIGN}`]);
    });

    it("a change of the owner is told anew, also where the answer is the same", () => {
      const wire = cluster();
      wire.run(3000);
      wire.step({ kind: "speakers", names: new Set(["n2", "n3"]) });
      wire.step({ kind: "node", name: "n3", addresses: [ip(NODE)] });
      wire.own(VIP, "n3");
      wire.run(3000);
      assert.deepEqual(wire.found(), [`${VIP} yes`, `${VIP} yes`]);
    });

    it("a MAC address that is told unasked does not pass for a node's", () => {
      const wire = cluster();
      wire.run(3000);
      wire.step({ kind: "heard", ip: ip(NODE), on: "eth0", mac: FOREIGN });
      wire.answers.set(VIP, [FOREIGN, OWNER]);
      wire.run(5000);
      assert.deepEqual(wire.found().at(-1), `${VIP} two`);
    });

    it("a Node object that changes in other ways costs no question, and what is known of the node stays", () => {
      const wire = cluster();
      wire.run(10_000);
      for (let turn = 0; turn < 10; turn++) {
        wire.step({ kind: "node", name: "n1", addresses: [ip(NODE)] });
        assert.equal(wire.check.nodeWith(OWNER), "n1");
        wire.run(4000);
      }
      assert.equal(wire.asked.filter((one) => one.ip === NODE).length, 1);
      wire.step({ kind: "node", name: "n1", addresses: [] });
      assert.equal(wire.check.nodeWith(OWNER), undefined);
    });

    it("forged answers that change each time are told once, and cost a bounded number of questions", () => {
      const wire = cluster();
      wire.run(2600);
      for (let turn = 0; turn < 30_000; turn++) {
        const mac = `02:00:00:00:${(turn >> 8).toString(16)}:${(turn & 255).toString(16)}`;
        wire.step({ kind: "heard", ip: ip(VIP), on: "eth0", mac });
        wire.run(2);
      }
      assert.ok(wire.found().length <= 3, wire.found().join());
      assert.deepEqual(wire.strangers(), []);
      assert.ok(wire.asked.length < 150, String(wire.asked.length));
    });
  });
}

describe("wire check", () => {
  it("exactly one speaker asks for a service, never its owner, whoever comes and goes", () => {
    const names = fc.constantFrom("a", "b", "c", "d", "e");
    const subject = fc.record({ number: fc.integer({ min: 0, max: 20 }), owner: names });
    const changes = fc.array(
      fc.oneof(fc.record({ alive: fc.uniqueArray(names, { minLength: 1 }) }), subject),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(changes, (history) => {
        const speakers = new Map(
          ["a", "b", "c", "d", "e"].map((name) => [name, new WireCheck(name)]),
        );
        let alive: ReadonlySet<string> = new Set();
        const owners = new Map<string, string>();
        for (const change of history) {
          for (const [name, one] of speakers) {
            if ("alive" in change) {
              alive = new Set(change.alive);
              one.step({ kind: "speakers", names: new Set([...alive, name]), nowMs: 0 });
              continue;
            }
            const { number, owner } = change;
            const address = `192.0.2.${number}`;
            owners.set(address, owner);
            const ips = [ip(address)];
            const of = { service: `shop/${address}`, ips, owner, interfaces: undefined };
            one.step({ kind: "owned", subject: of, nowMs: 0 });
          }
        }
        for (const [address, owner] of owners) {
          const askers = [...alive].filter((name) =>
            speakers.get(name)?.assignments.isOurs(address),
          );
          const others = [...alive].filter((name) => name !== owner);
          if (others.length > 0) assert.equal(askers.filter((name) => name !== owner).length, 1);
          if (others.length > 0) assert.ok(!askers.includes(owner), `${askers.join()} ${owner}`);
        }
      }),
    );
  });

  it("who is in a network with the owner asks, and who lost that network does no more", () => {
    const subnets = (far: string) =>
      new Map([
        ["n1", [parsePrefix("192.168.1.0/24")!]],
        ["n2", [parsePrefix("192.168.1.0/24")!]],
        ["n3", [parsePrefix(far)!]],
      ]);
    const names = new Set(["n1", "n2", "n3"]);
    const wires = ["n2", "n3"].map((self) => new Wire(self, [...names]));
    const vips = Array.from({ length: 20 }, (_, at) => `192.168.1.${at + 200}`);
    const asked = (far: string): boolean[] =>
      wires.map((wire) => {
        wire.step({ kind: "speakers", names, subnets: subnets(far) });
        return vips.some((vip) => wire.check.assignments.isOurs(vip));
      });
    for (const wire of wires) {
      wire.step({ kind: "node", name: "n1", addresses: [ip("192.168.1.1")] });
      for (const vip of vips) wire.own(vip);
    }
    assert.deepEqual(asked("10.0.0.0/24"), [true, false]);
    assert.deepEqual(asked("192.168.1.0/24"), [true, true]);
    assert.deepEqual(asked("10.0.0.0/24"), [true, false]);
    wires[1]?.run(5000);
    assert.deepEqual(wires[1]?.asked, []);
  });

  it("at most 50 questions leave a node in any second, take-overs first, however many addresses there are", () => {
    const wire = new Wire("n2", ["n2"]);
    const first = parseAddress("10.0.0.0") as IpAddress;
    const address = (index: number): string =>
      formatAddress({ family: 4, value: first.value + BigInt(index) });
    for (let index = 0; index < 2000; index++) wire.own(address(index));
    wire.run(1000);
    const moved = Array.from({ length: 10 }, (_, index) => address(1990 + index));
    for (const one of moved) wire.own(one, "n9");
    wire.run(1000);
    const late = wire.asked.filter(({ atMs }) => atMs >= 1500 && atMs < 2000).map((one) => one.ip);
    assert.deepEqual(late.slice(0, 10), moved);
    wire.run(20_000);
    for (const { atMs } of wire.asked) {
      const within = wire.asked.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1000);
      assert.ok(within.length <= 61, `${within.length} from ${atMs}`);
    }
  });

  it("two services of v0.9.5 on one address have two owners, and both may answer (L2-49)", () => {
    const wire = new Wire("n3", ["n1", "n2", "n3"]);
    for (const [node, mac] of [
      ["n1", OWNER],
      ["n2", SECOND],
    ] as const) {
      const own = `192.168.1.${node.slice(1)}`;
      wire.step({ kind: "node", name: node, addresses: [ip(own)] });
      wire.answers.set(own, [mac]);
      wire.step({ kind: "speakers", names: new Set(["n3", node]) });
      wire.own("192.168.1.240", node, { service: `shop/${node}` });
    }
    wire.step({ kind: "speakers", names: new Set(["n3"]) });
    wire.answers.set("192.168.1.240", [OWNER, SECOND]);
    wire.run(5000);
    assert.deepEqual(wire.found().at(-1), "192.168.1.240 yes");
  });

  it("the condition of a service tells of the worst of its addresses and names all", () => {
    const good = { seen: "yes", answers: [{ mac: OWNER, on: "eth0" }], strangers: [] } as const;
    const bad = { ...good, seen: "two", strangers: [{ mac: FOREIGN, on: "eth0" }] } as const;
    assert.deepEqual(seenOfService("n1", []), undefined);
    const both = [
      ["192.168.1.240", good],
      ["fd00::240", bad],
    ] as const;
    const named = seenOfService("n1", both, (mac) => (mac === FOREIGN ? "n3" : undefined));
    assert.match(named?.message ?? "", new RegExp(`and so does ${FOREIGN} of node "n3"$`));
    assert.deepEqual(seenOfService("n1", both), {
      type: "Seen",
      status: "False",
      reason: "TwoAnswer",
      message:
        `192.168.1.240 is answered by ${OWNER}; ` +
        `${OWNER} of node "n1" answers for fd00::240, and so does ${FOREIGN}`,
    });
    const alone = { seen: "unknown", why: "alone", answers: [], strangers: [] } as const;
    assert.equal(seenOfService("n1", [["192.168.1.240", alone]])?.reason, "NoOtherSpeaker");
  });
});
