import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Config, Pool } from "../config/index.ts";
import type { Service } from "../kube/index.ts";
import { dual, loadBalancer, pool, poolsByName } from "../testing/pools-and-services.ts";
import type { ProbeAnswer } from "./probe-answer.ts";
import { Reconciler } from "./reconciler.ts";
import type { ReconcilerCommand, ReconcilerEvent } from "./reconciler-messages.ts";

const foreign = { kind: "used", mac: "02:00:00:00:00:99", node: "n1", on: "eth0" } as const;
const used: ProbeAnswer = { ...foreign, how: "has" };
const free: ProbeAnswer = { kind: "free", node: "n1" };

/** A controller whose Services are stored as it writes them. */
class Controller {
  readonly machine = new Reconciler();
  nowMs = 1_000_000;
  #version = 0;
  readonly stored = new Map<string, Service>();
  readonly commands: ReconcilerCommand[] = [];

  constructor(pools: Pool[], services: Service[] = []) {
    this.configure(...pools);
    for (const service of services) this.put(service);
    this.send({ kind: "servicesListed" });
  }

  configure(...pools: Pool[]): void {
    const config: Config = { generation: "modern", pools: poolsByName(...pools), peers: [] };
    this.send({ kind: "config", outcome: { kind: "accepted", config, warnings: [] } });
  }

  put(service: Service): void {
    const { namespace, name } = service.metadata;
    const key = `${namespace}/${name}`;
    const resourceVersion = String(++this.#version);
    const object = { ...service, metadata: { ...service.metadata, resourceVersion } };
    this.stored.set(key, object);
    this.send({ kind: "service", key, service: object });
  }

  delete(key: string): void {
    this.stored.delete(key);
    this.send({ kind: "service", key, service: undefined });
  }

  send(event: ReconcilerEvent): void {
    for (const command of this.machine.step(event, this.nowMs)) {
      this.commands.push(command);
      if (command.kind !== "writeStatus") continue;
      const resourceVersion = String(++this.#version);
      const { service, key } = command;
      const object = { ...service, metadata: { ...service.metadata, resourceVersion } };
      this.stored.set(key, object);
      this.send({ kind: "written", key, service: object });
    }
  }

  answer(address: string, answer: ProbeAnswer): void {
    this.send({ kind: "probed", address, answer });
  }

  pass(ms: number): void {
    this.nowMs += ms;
    for (let turn = 0; turn < 5; turn++) this.send({ kind: "wake" });
  }

  /** Addresses that it asked for since the last call. */
  asked(): string[] {
    const asked = this.commands.flatMap((one) => (one.kind === "probe" ? [one.address] : []));
    this.#forget("probe");
    return asked;
  }

  /** Events on Services since the last call. */
  notes(): string[] {
    const notes = this.commands.flatMap((one) =>
      one.kind === "recordOnService" ? [`${one.service.metadata.name} ${one.note.reason}`] : [],
    );
    this.#forget("recordOnService");
    return notes;
  }

  #forget(kind: ReconcilerCommand["kind"]): void {
    const kept = this.commands.filter((one) => one.kind !== kind);
    this.commands.splice(0, this.commands.length, ...kept);
  }

  shown(key: string): string {
    return (this.stored.get(key)?.status?.loadBalancer?.ingress ?? [])
      .map(({ ip }) => ip)
      .join(" ");
  }
}

for (const [family, range, first, second, clusterIP] of [
  ["IPv4", "192.0.2.0/30", "192.0.2.0", "192.0.2.1", "10.96.0.1"],
  ["IPv6", "2001:db8::/126", "2001:db8::", "2001:db8::1", "fd00::1"],
] as const) {
  describe(`a pool with probes, ${family}`, () => {
    const lan = pool("lan", range, { probe: true });
    const spec = { clusterIP, clusterIPs: [clusterIP] };
    const web = (key: string, rest: Partial<Service["spec"]> = {}, annotations = {}): Service =>
      loadBalancer(key, { spec: { ...spec, ...rest }, annotations });

    it("gives an address only when somebody was asked for it, and holds it meanwhile", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.put(web("w/b"));
      assert.deepEqual(controller.asked(), [first, second]);
      assert.deepEqual([controller.shown("w/a"), controller.notes()], ["", []]);
      controller.answer(second, free);
      assert.equal(controller.shown("w/b"), second);
      controller.answer(first, free);
      assert.equal(controller.shown("w/a"), first);
      assert.deepEqual(controller.notes(), ["b IPAllocated", "a IPAllocated"]);
      assert.deepEqual(controller.asked(), []);
    });

    it("makes ready for questions about a new pool, once", () => {
      const controller = new Controller([lan]);
      controller.configure(lan, pool("plain", "198.51.100.0/30"));
      const prepared = controller.commands.flatMap((one) =>
        one.kind === "prepareProbe" ? [`${one.pool} ${one.address}`] : [],
      );
      assert.deepEqual(prepared, [`lan ${first}`]);
    });

    it("passes over an address that another machine has, says whose it is, and asks again after ten minutes", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      assert.deepEqual(controller.asked(), [first]);
      controller.answer(first, used);
      assert.deepEqual(controller.asked(), [second]);
      const said = controller.commands.find(({ kind }) => kind === "recordOnService");
      assert.deepEqual(said?.kind === "recordOnService" && said.note, {
        type: "Warning",
        reason: "AddressInUse",
        message:
          `${first} of pool "lan" is used by another machine, 02:00:00:00:00:99 (heard on eth0 of node "n1"); ` +
          "it is given to nobody for 10 minutes, and then asked for again",
      });
      controller.answer(second, free);
      assert.equal(controller.shown("w/a"), second);
      controller.put(web("w/b"));
      assert.deepEqual(controller.asked().length, 1);
      assert.deepEqual(
        [...controller.machine.withheld()].map(({ address, pool: of }) => [address, of]),
        [[first, "lan"]],
      );
      controller.pass(600_000);
      assert.deepEqual([...controller.machine.withheld()], []);
      controller.put(web("w/c"));
      assert.deepEqual(controller.asked(), [first]);
      controller.answer(first, free);
      assert.equal(controller.shown("w/c"), first);
    });

    it("says which node's the MAC address is, where the speaker knows", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.answer(first, { ...used, whose: "n2" });
      const said = controller.commands.find(({ kind }) => kind === "recordOnService");
      assert.match(
        said?.kind === "recordOnService" ? said.note.message : "",
        /is used by another machine, 02:00:00:00:00:99 of node "n2" \(heard on eth0 of node "n1"\)/,
      );
    });

    it("gives no other machine's address on request, and tries again by itself", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a", { loadBalancerIP: second }));
      assert.deepEqual(controller.asked(), [second]);
      controller.answer(second, used);
      assert.equal(controller.shown("w/a"), "");
      assert.deepEqual(controller.notes(), ["a AddressInUse", "a AllocationFailed"]);
      assert.deepEqual(controller.asked(), []);
      controller.pass(600_000);
      assert.deepEqual(controller.asked(), [second]);
      controller.answer(second, free);
      assert.equal(controller.shown("w/a"), second);
    });

    it("IPAM-53: asks for nothing that a status shows, and a full pass asks for nothing", () => {
      const holder = web("w/a");
      const controller = new Controller(
        [lan],
        [{ ...holder, status: { loadBalancer: { ingress: [{ ip: second }] } } }],
      );
      assert.equal(controller.shown("w/a"), second);
      controller.configure(pool("renamed", range, { probe: true }));
      assert.equal(controller.shown("w/a"), second);
      assert.deepEqual(controller.asked(), []);
    });

    it("IPAM-53: asks for nothing that a Service holds when somebody else wipes its status", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.answer(first, free);
      controller.asked();
      controller.pass(60_000);
      controller.put(web("w/a", { loadBalancerIP: first }));
      assert.deepEqual([controller.asked(), controller.shown("w/a")], [[], first]);
      assert.deepEqual([...controller.machine.withheld()], []);
    });

    it("keeps what a Service has until another address is sure, and when that one is another machine's", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.answer(first, free);
      controller.asked();
      controller.put({
        ...(controller.stored.get("w/a") as Service),
        spec: { ...web("w/a").spec, loadBalancerIP: second },
      });
      assert.deepEqual(controller.asked(), [second]);
      controller.put(web("w/b", { loadBalancerIP: first }));
      assert.equal(controller.shown("w/b"), "", "it is still a's");
      assert.deepEqual(controller.asked(), []);
      controller.answer(second, used);
      assert.equal(controller.shown("w/a"), first);
      controller.pass(600_000);
      assert.deepEqual(controller.asked(), [second]);
      controller.answer(second, free);
      assert.equal(controller.shown("w/a"), second);
      assert.deepEqual(controller.asked(), [first], "b waits for what a left");
      controller.answer(first, free);
      assert.equal(controller.shown("w/b"), first);
    });

    it("asks once for Services that share, and not for one that joins later", () => {
      const controller = new Controller([lan]);
      const sharing = { "metallb.io/allow-shared-ip": "k" };
      const port = (number: number) => ({ ports: [{ port: number }] });
      controller.put(web("w/a", port(1), sharing));
      controller.put(web("w/b", port(2), sharing));
      assert.deepEqual(controller.asked(), [first]);
      controller.answer(first, used);
      assert.deepEqual(controller.asked(), [second]);
      controller.answer(second, free);
      assert.deepEqual([controller.shown("w/a"), controller.shown("w/b")], [second, second]);
      controller.pass(60_000);
      controller.put(web("w/c", port(3), sharing));
      assert.equal(controller.shown("w/c"), second);
      assert.deepEqual(controller.asked(), []);
    });

    it("does not take one of our own nodes, which has not heard yet, for another machine", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.answer(first, free);
      controller.delete("w/a");
      controller.pass(12_000);
      controller.asked();
      controller.put(web("w/b", { loadBalancerIP: first }));
      controller.answer(first, used);
      controller.pass(4_999);
      assert.deepEqual(controller.asked(), [first]);
      controller.pass(1);
      assert.deepEqual(controller.asked(), [first]);
      controller.answer(first, { kind: "ours", node: "n2" });
      controller.pass(5_000);
      assert.deepEqual(controller.asked(), [first]);
      controller.answer(first, free);
      assert.equal(controller.shown("w/b"), first);
    });

    it("gives the address where nobody can ask, and says so once for the pool until somebody can", () => {
      const controller = new Controller([lan]);
      const unasked: ProbeAnswer = { kind: "unasked", why: "no speaker runs" };
      const onPool = () => controller.commands.filter(({ kind }) => kind === "recordOnPool").length;
      controller.put(web("w/a"));
      controller.put(web("w/b"));
      controller.answer(first, unasked);
      controller.answer(second, unasked);
      assert.deepEqual([controller.shown("w/a"), controller.shown("w/b")], [first, second]);
      assert.equal(onPool(), 1);
      for (const name of ["w/c", "w/d"]) controller.put(web(name));
      const [third = "", fourth = ""] = controller.asked().slice(-2);
      controller.answer(third, free);
      controller.answer(fourth, unasked);
      assert.equal(onPool(), 2);
    });

    it("gives back what a Service that went away meanwhile was to get", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.put(web("w/x", { loadBalancerIP: first }));
      controller.delete("w/a");
      assert.deepEqual(controller.asked(), [first]);
      controller.answer(first, free);
      assert.equal(controller.shown("w/a"), "");
      assert.equal(controller.shown("w/x"), first);
    });

    it("asks again with the new wish of a Service that changed meanwhile", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.put(web("w/a", { loadBalancerIP: second }));
      controller.answer(first, free);
      assert.deepEqual(controller.asked(), [first, second]);
      controller.answer(second, free);
      assert.equal(controller.shown("w/a"), second);
    });

    it("CTL-11: tells those that wait for what a Service leaves, also when its first new address was taken", () => {
      const [low, high] =
        family === "IPv4" ? ["198.51.100.0", "198.51.100.1"] : ["fd00::", "fd00::1"];
      const other = pool("other", family === "IPv4" ? `${low}/31` : `${low}/127`, { probe: true });
      const controller = new Controller([lan, other]);
      controller.put(web("w/a", {}, { "metallb.io/address-pool": "lan" }));
      controller.answer(first, free);
      controller.put(web("w/b", { loadBalancerIP: first }));
      const { status } = controller.stored.get("w/a") as Service;
      const moving = web("w/a", {}, { "metallb.io/address-pool": "other" });
      controller.put({ ...moving, ...(status && { status }) });
      controller.answer(low, used);
      assert.equal(controller.shown("w/b"), "", "it is still a's");
      controller.answer(high, free);
      assert.equal(controller.shown("w/a"), high);
      assert.equal(controller.shown("w/b"), first);
    });

    it("goes on withholding an address when its pool changes", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a", { loadBalancerIP: first }));
      controller.answer(first, used);
      controller.configure(
        pool("grown", `${range} ${family === "IPv4" ? "198.51.100.0/31" : "fd00::/127"}`, {
          probe: true,
        }),
      );
      controller.asked();
      controller.put(web("w/b"));
      assert.deepEqual(controller.asked(), [second]);
      assert.equal(controller.shown("w/a"), "");
    });

    it("withholds nothing for an answer that comes after the annotation went", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a"));
      controller.configure(pool("lan", range));
      controller.answer(first, used);
      assert.equal(controller.shown("w/a"), first);
      assert.deepEqual([...controller.machine.withheld()], []);
      assert.deepEqual(controller.notes(), ["a IPAllocated"]);
      controller.delete("w/a");
      controller.configure(lan);
      controller.asked();
      controller.put(web("w/b"));
      assert.deepEqual(controller.asked(), [first], "it was not found free");
    });

    it("withholds nothing any more when the annotation goes", () => {
      const controller = new Controller([lan]);
      controller.put(web("w/a", { loadBalancerIP: first }));
      controller.answer(first, used);
      controller.configure(pool("lan", range));
      assert.equal(controller.shown("w/a"), first);
      assert.deepEqual([...controller.machine.withheld()], []);
    });
  });
}

describe("a pool with probes, where something answers for every address", () => {
  for (const [range, clusterIP] of [
    ["10.0.0.0/8", "10.96.0.1"],
    ["2001:db8::/64", "fd00::1"],
  ] as const) {
    it(`does not walk through the pool, and tries again when the first one is released: ${range}`, () => {
      const controller = new Controller([pool("lan", range, { probe: true })]);
      controller.put(loadBalancer("w/a", { spec: { clusterIP, clusterIPs: [clusterIP] } }));
      let count = 0;
      for (let asked = controller.asked(); asked.length > 0 && count < 1000;) {
        for (const address of asked) controller.answer(address, used);
        count += asked.length;
        controller.nowMs += 5;
        asked = controller.asked();
      }
      assert.equal(count, 256);
      const refusal = controller.commands.findLast(
        (one) => one.kind === "recordOnService" && one.note.reason === "AllocationFailed",
      );
      assert.match(JSON.stringify(refusal), /\(256 addresses are withheld\)/);
      controller.pass(600_000 - 256 * 5);
      const [first = "", ...more] = controller.asked();
      assert.deepEqual(more, []);
      controller.answer(first, free);
      assert.equal(controller.shown("w/a"), first);
    });
  }
});

describe("a pool with probes, both families", () => {
  const both = pool("both", "192.0.2.0/30 2001:db8::/126", { probe: true });

  it("asks for both addresses of a pair, and keeps the one that is sure when the other is taken", () => {
    const controller = new Controller([both]);
    controller.put(loadBalancer("w/a", { spec: dual("RequireDualStack") }));
    assert.deepEqual(controller.asked(), ["192.0.2.0", "2001:db8::"]);
    controller.answer("192.0.2.0", free);
    controller.answer("2001:db8::", used);
    assert.deepEqual(controller.asked(), ["2001:db8::1"]);
    controller.answer("2001:db8::1", free);
    assert.equal(controller.shown("w/a"), "192.0.2.0 2001:db8::1");
  });

  it("says once that nobody can ask for the addresses of one family, however often the other one is free", () => {
    const controller = new Controller([both]);
    for (const name of ["w/a", "w/b", "w/c"]) {
      controller.put(loadBalancer(name, { spec: dual("RequireDualStack") }));
      for (const address of controller.asked()) {
        const unasked: ProbeAnswer = { kind: "unasked", why: "no speaker runs" };
        controller.answer(address, address.includes(":") ? unasked : free);
      }
    }
    const told = controller.commands.flatMap((one) => (one.kind === "recordOnPool" ? [one] : []));
    assert.deepEqual(
      told.map(({ pool: of, note }) => [of, note.message]),
      [
        [
          "both",
          'IPv6 addresses of pool "both" are given without asking on the wire, as metallb-ts/probe wants: ' +
            "no speaker runs; see docs/concepts/probes.md",
        ],
      ],
    );
  });

  it("IPAM-53: asks for nothing that a status shows in another spelling", () => {
    for (const ip of ["2001:DB8::1", "2001:db8:0:0::1"]) {
      const spec = { clusterIP: "fd00::1", clusterIPs: ["fd00::1"] };
      const holder = loadBalancer("w/a", { spec });
      const shown = { ...holder, status: { loadBalancer: { ingress: [{ ip }] } } };
      const controller = new Controller([both], [shown]);
      assert.deepEqual([controller.asked(), controller.shown("w/a")], [[], "2001:db8::1"]);
    }
  });

  it("IPAM-32: asks for the second address of a Service that prefers both, which keeps the first", () => {
    const controller = new Controller([pool("both", "192.0.2.0/30")]);
    controller.put(loadBalancer("w/a", { spec: dual("PreferDualStack") }));
    assert.equal(controller.shown("w/a"), "192.0.2.0");
    controller.configure(both);
    assert.deepEqual(controller.asked(), ["2001:db8::"]);
    assert.equal(controller.shown("w/a"), "192.0.2.0");
    controller.answer("2001:db8::", used);
    assert.deepEqual(controller.asked(), ["2001:db8::1"]);
    controller.answer("2001:db8::1", free);
    assert.equal(controller.shown("w/a"), "192.0.2.0 2001:db8::1");
  });
});
