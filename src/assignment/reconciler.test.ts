/** The controller's machine: what is looked at when, and what follows. */

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { formatAddress, parseAddress } from "../ip/index.ts";
import type { Service } from "../kube/index.ts";
import { compileConfigMap, findStrandedAddress, type ConfigOutcome } from "../config/index.ts";
import { Reconciler } from "./reconciler.ts";
import type { JudgeService, ReconcilerCommand, ReconcilerEvent } from "./reconciler-messages.ts";
import { reconcileService } from "./reconcile-service.ts";

const pool = (addresses: string): string =>
  `address-pools: [{name: lan, protocol: layer2, addresses: [${addresses}]}]`;
const small = pool("192.0.2.0-192.0.2.1");

let version = 100;

function service(name: string, ip?: string): Service {
  const status = ip === undefined ? {} : { loadBalancer: { ingress: [{ ip }] } };
  const metadata = { namespace: "d", name, resourceVersion: String(++version) };
  return { metadata, spec: { type: "LoadBalancer" }, status };
}

function addressOf({ status }: Service): string | undefined {
  return status?.loadBalancer?.ingress?.[0]?.ip;
}

/** The simplest rules: any address of the status, else any free one. */
const judge: JudgeService = (service, allocator, { mayAllocate }) => {
  const key = `d/${service.metadata.name}`;
  const base = { service: key, namespace: "d", labels: {} };
  const claim = { ...base, sharingKey: "", backendKey: "", ports: [] };
  const shown = parseAddress(addressOf(service) ?? "");
  if (shown !== undefined && allocator.assign(claim, [shown]).ok) {
    return { result: "done", notes: [], logs: [] };
  }
  allocator.unassign(key);
  const given = mayAllocate ? allocator.allocate(claim, [[4]]) : undefined;
  if (given === undefined) return { result: "retry", notes: [], logs: [] };
  if (!given.ok) return { result: "waiting", notes: [], logs: [] };
  const [address] = given.holding.addresses;
  assert.ok(address !== undefined);
  const ingress = [{ ip: formatAddress(address) }];
  return {
    result: "done",
    changed: { ...service, status: { loadBalancer: { ingress } } },
    notes: [{ type: "Normal", reason: "IPAllocated", message: "yes" }],
    logs: [],
  };
};

/** A controller with an API server that stores what is written, at once or when told. */
class Bench {
  readonly reconciler: Reconciler;
  readonly stored = new Map<string, Service>();
  commands: ReconcilerCommand[] = [];
  nowMs = 0;
  answersWrites = true;

  constructor(rules: JudgeService = judge) {
    this.reconciler = new Reconciler({ rules: { legacy: rules, modern: rules } });
  }

  send(event: ReconcilerEvent): void {
    const commands = this.reconciler.step(event, this.nowMs);
    this.commands.push(...commands);
    for (const command of commands) if (command.kind === "writeStatus") this.#write(command);
  }

  put(given: Service): void {
    const key = `d/${given.metadata.name}`;
    this.stored.set(key, given);
    this.send({ kind: "service", key, service: given });
  }

  remove(name: string): void {
    this.stored.delete(`d/${name}`);
    this.send({ kind: "service", key: `d/${name}`, service: undefined });
  }

  config(text: string | undefined): void {
    this.send({ kind: "config", outcome: this.#outcomeOf(text) });
  }

  /** As the source of configuration in front of the machine decides (LC-21, LC-27). */
  #outcomeOf(text: string | undefined): ConfigOutcome {
    if (text === undefined) return { kind: "missing" };
    const result = compileConfigMap(text);
    if (!result.ok) return { kind: "refused", findings: result.findings };
    const stranded = findStrandedAddress(result.config, this.reconciler.held());
    if (stranded === undefined) {
      return { kind: "accepted", config: result.config, warnings: result.warnings };
    }
    const { message, fix } = stranded;
    const place = { object: "ConfigMap metallb-system/config", path: "data.config" };
    return {
      kind: "refused",
      findings: [{ code: "LC-21", severity: "error", ...place, message, fix }],
    };
  }

  listed(): void {
    this.send({ kind: "servicesListed" });
  }

  /** Lets `ms` pass and the retries that are due run. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.send({ kind: "wake" });
  }

  ip(name: string): string | undefined {
    const found = this.stored.get(`d/${name}`);
    return found && addressOf(found);
  }

  /** The commands of one kind since the last call. */
  taken<Kind extends ReconcilerCommand["kind"]>(
    kind: Kind,
  ): Extract<ReconcilerCommand, { kind: Kind }>[] {
    const taken = this.commands.filter(
      (command): command is Extract<ReconcilerCommand, { kind: Kind }> => command.kind === kind,
    );
    this.commands = this.commands.filter((command) => command.kind !== kind);
    return taken;
  }

  gauges(): string[] {
    return this.taken("gauge").map(({ what, value }) => `${what}=${value}`);
  }

  #write({ key, service: given }: Extract<ReconcilerCommand, { kind: "writeStatus" }>): void {
    if (!this.answersWrites) return;
    const metadata = { ...given.metadata, resourceVersion: String(++version) };
    const stored = { ...given, metadata };
    this.stored.set(key, stored);
    this.send({ kind: "written", key, service: stored });
    this.send({ kind: "service", key, service: stored });
  }
}

describe("Reconciler", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  describe("start", () => {
    it("LC-20, CTL-3, TV-70: without a configuration services are left untouched, whatever they show", () => {
      bench.put(service("a"));
      bench.put(service("b", "198.51.100.9"));
      bench.listed();
      bench.pass(100_000);
      assert.deepEqual(bench.taken("writeStatus"), []);
      assert.equal(bench.ip("b"), "198.51.100.9");
      assert.deepEqual(
        bench
          .taken("count")
          .map(({ what }) => what)
          .includes("updateErrors"),
        false,
      );
    });

    it("LC-20: before the first list is through, addresses are adopted but none is given out", () => {
      bench.config(small);
      bench.put(service("new"));
      bench.pass(60_000);
      assert.equal(bench.ip("new"), undefined);
      assert.ok(bench.taken("count").some(({ what }) => what === "updateErrors"));
      bench.put(service("old", "192.0.2.0"));
      bench.listed();
      assert.deepEqual([bench.ip("old"), bench.ip("new")], ["192.0.2.0", "192.0.2.1"]);
      assert.equal(bench.taken("writeStatus").length, 1);
    });

    it("LC-20: a configuration that comes after the list still lets the holders go first", () => {
      bench.put(service("new"));
      bench.put(service("old", "192.0.2.0"));
      bench.listed();
      bench.config(small);
      assert.deepEqual([bench.ip("old"), bench.ip("new")], ["192.0.2.0", "192.0.2.1"]);
    });

    it("LC-20: a restart changes no address and writes nothing", () => {
      bench.config(small);
      bench.put(service("b", "192.0.2.1"));
      bench.put(service("a", "192.0.2.0"));
      bench.listed();
      bench.pass(60_000);
      assert.deepEqual(bench.taken("writeStatus"), []);
      assert.deepEqual(bench.taken("recordOnService"), []);
      assert.deepEqual([bench.ip("a"), bench.ip("b")], ["192.0.2.0", "192.0.2.1"]);
    });

    it("a start with more services than one step takes still lets every holder go first", () => {
      const ips = Array.from({ length: 700 }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
      bench.put(service("first"));
      ips.forEach((ip, index) => bench.put(service(`s${index}`, ip)));
      bench.listed();
      bench.taken("count");
      bench.config(pool("10.0.0.0/16"));
      assert.ok(bench.taken("count").length < 700, "the event loop may turn in between");
      assert.equal(bench.taken("wakeAfter").at(-1)?.ms, 0);
      for (let turn = 0; turn < 20; turn++) bench.pass(1);
      assert.equal(bench.ip("first"), "10.0.2.188");
      assert.equal(bench.taken("writeStatus").length, 1);
    });
  });

  describe("configuration", () => {
    beforeEach(() => {
      bench.config(small);
      bench.listed();
      bench.put(service("a"));
      bench.taken("gauge");
      bench.taken("log");
    });

    it("LC-28: an accepted one sets loaded and clears stale, and says configLoaded", () => {
      bench.config(pool("192.0.2.0/24"));
      assert.deepEqual(bench.gauges(), ["configLoaded=1", "configStale=0"]);
      assert.equal(bench.taken("log")[0]?.fields["event"], "configLoaded");
    });

    it("LC-28, LOG-4: an invalid one is told once with its fault, sets stale, and is no update error", () => {
      bench.taken("count");
      bench.config("address-pools: [{name: lan, colour: red}]");
      assert.deepEqual(bench.gauges(), ["configStale=1"]);
      const [line] = bench.taken("log");
      assert.equal(line?.fields["event"], "configStale");
      assert.match(String(line?.fields["error"]), /colour/);
      assert.match(String(line?.fields["msg"]), /^configuration refused, the previous one stays/);
      assert.ok(bench.taken("count").every(({ what }) => what === "updates"));
      assert.match(bench.taken("recordOnConfig")[0]?.note.message ?? "", /colour/);
      bench.put(service("b"));
      assert.equal(bench.ip("b"), "192.0.2.1", "the last good configuration works on");
      bench.pass(10_000_000);
      assert.deepEqual(bench.gauges(), [], "no retry until the document changes");
    });

    it("LC-21: one without a pool for an address in use is refused; growing it is accepted", () => {
      bench.config("");
      assert.deepEqual(bench.gauges(), ["configStale=1"]);
      assert.match(String(bench.taken("log")[0]?.fields["error"]), /"d\/a" holds 192\.0\.2\.0/);
      bench.config(pool("192.0.2.1-192.0.2.9"));
      assert.deepEqual(bench.gauges(), ["configStale=1"]);
      bench.config(pool("192.0.2.0-192.0.2.9"));
      assert.deepEqual(bench.gauges(), ["configLoaded=1", "configStale=0"]);
      assert.equal(bench.ip("a"), "192.0.2.0");
    });

    it("LC-27: a deleted ConfigMap is an error again and again, and the old pools stay in use", () => {
      bench.taken("count");
      bench.config(undefined);
      for (let again = 0; again < 5; again++) bench.pass(1_000_000);
      const errors = bench.taken("count").filter(({ what }) => what === "updateErrors");
      assert.equal(errors.length, 6);
      assert.ok(bench.gauges().every((gauge) => gauge === "configStale=1"));
      bench.put(service("b"));
      assert.equal(bench.ip("b"), "192.0.2.1");
      bench.config(small);
      assert.deepEqual(bench.gauges(), ["configLoaded=1", "configStale=0"]);
    });

    it("LC-22: an accepted one looks at all services anew", () => {
      bench.put(service("b"));
      bench.put(service("c"));
      assert.equal(bench.ip("c"), undefined);
      bench.config(pool("192.0.2.0-192.0.2.2"));
      assert.equal(bench.ip("c"), "192.0.2.2");
    });
  });

  describe("services", () => {
    beforeEach(() => {
      bench.config(small);
      bench.listed();
    });

    it("LC-22: each deletion looks at all services anew, so a waiting one gets the address", () => {
      for (const name of ["a", "b", "c"]) bench.put(service(name));
      assert.equal(bench.ip("c"), undefined);
      bench.remove("a");
      assert.equal(bench.ip("c"), "192.0.2.0");
    });

    it("LC-22: the deletion of a service that was never served looks at the waiting ones too", () => {
      for (const name of ["a", "b", "c"]) bench.put(service(name));
      bench.put(service("other", "198.51.100.1"));
      bench.taken("count");
      bench.remove("other");
      // The deletion itself, the pass, and "c".
      assert.equal(bench.taken("count").filter(({ what }) => what === "updates").length, 3);
    });

    it("LC-30: one status write for one address, none for what is right already", () => {
      bench.put(service("a"));
      assert.equal(bench.taken("writeStatus").length, 1);
      bench.put(service("a", "192.0.2.0"));
      bench.config(small);
      bench.pass(60_000);
      assert.deepEqual(bench.taken("writeStatus"), []);
    });

    it("K8S-6: an object told again in the same version is not looked at again", () => {
      const same = service("a", "192.0.2.0");
      bench.put(same);
      bench.taken("count");
      bench.send({ kind: "service", key: "d/a", service: same });
      assert.deepEqual(bench.taken("count"), []);
    });

    it("a change during a write waits for its end, and the older copy is not judged again", () => {
      bench.answersWrites = false;
      const before = service("a");
      bench.put(before);
      const [write] = bench.taken("writeStatus");
      assert.ok(write !== undefined);
      bench.config(small);
      assert.deepEqual(bench.taken("writeStatus"), []);
      const metadata = { ...write.service.metadata, resourceVersion: String(++version) };
      bench.send({ kind: "written", key: "d/a", service: { ...write.service, metadata } });
      assert.deepEqual(bench.taken("writeStatus"), []);
      assert.equal(bench.reconciler.usage()[0]?.inUse, 1n);
    });

    it("CTL-7, CTL-8: a failed write is told and tried again, with the same address", () => {
      bench.answersWrites = false;
      bench.put(service("a"));
      bench.send({ kind: "writeFailed", key: "d/a", error: "conflict" });
      assert.ok(bench.taken("log").some(({ fields }) => fields["op"] === "updateServiceStatus"));
      bench.pass(5);
      const ips = bench.taken("writeStatus").map((write) => addressOf(write.service));
      assert.deepEqual(ips, ["192.0.2.0", "192.0.2.0"]);
    });

    it("a service deleted during its write frees its address", () => {
      bench.answersWrites = false;
      bench.put(service("a"));
      bench.remove("a");
      bench.taken("count");
      bench.send({ kind: "writeFailed", key: "d/a", error: "not found" });
      assert.equal(bench.reconciler.usage()[0]?.inUse, 0n);
      assert.ok(
        bench.taken("count").every(({ what }) => what === "updates"),
        "no error",
      );
      bench.pass(1_000_000);
      assert.equal(bench.taken("writeStatus").length, 1);
    });

    it("CTL-5: a service that cannot be served is not tried again by itself, and is no error", () => {
      for (const name of ["a", "b", "c"]) bench.put(service(name));
      assert.ok(bench.taken("count").every(({ what }) => what === "updates"));
      bench.pass(10_000_000);
      assert.deepEqual(bench.taken("count"), []);
    });

    it("CTL-16: a failed service is retried with back-off and counted", () => {
      bench = new Bench(() => ({ result: "retry", notes: [], logs: [] }));
      bench.config(small);
      bench.listed();
      bench.put(service("a"));
      bench.taken("count");
      for (const ms of [5, 10, 20]) bench.pass(ms);
      const kinds = bench.taken("count").map(({ what }) => what);
      assert.equal(kinds.filter((what) => what === "updateErrors").length, 3);
      assert.equal(bench.taken("wakeAfter").at(-1)?.ms, 40);
    });

    it("LC-30: the status is written before the log and the events tell of it", () => {
      bench.commands = [];
      bench.put(service("a"));
      const kinds = bench.commands.map(({ kind }) => kind).filter((kind) => kind !== "count");
      assert.equal(kinds[0], "writeStatus", kinds.join());
      assert.ok(kinds.includes("log") && kinds.includes("recordOnService"), kinds.join());
    });

    it("K8S-7: nothing is asked of other controllers: the only writes are of Service status", () => {
      bench.put(service("a"));
      const kinds = new Set(bench.commands.map(({ kind }) => kind));
      const expected = ["count", "gauge", "log", "poolUsage", "recordOnService", "writeStatus"];
      assert.deepEqual([...kinds].sort(), expected);
    });
  });

  describe("services that wait, under the real rules", () => {
    interface Wish {
      readonly ip?: string;
      readonly loadBalancerIP?: string;
      readonly key?: string;
      readonly port?: number;
      readonly type?: string;
    }

    function put(name: string, { ip, loadBalancerIP, key, port = 80, type }: Wish = {}): void {
      const given = service(name, ip ?? bench.ip(name));
      const annotations = key === undefined ? {} : { "metallb.universe.tf/allow-shared-ip": key };
      const spec = { type: type ?? "LoadBalancer", clusterIP: "10.96.0.1", ports: [{ port }] };
      bench.put({
        ...given,
        metadata: { ...given.metadata, annotations },
        spec: { ...spec, ...(loadBalancerIP !== undefined && { loadBalancerIP }) },
      });
    }

    beforeEach(() => {
      bench = new Bench(reconcileService);
      bench.config(small);
      bench.listed();
      put("a");
    });

    it("IPAM-60, LC-22: the first that waits gets the address of a deleted one", () => {
      for (const name of ["b", "d", "c"]) put(name);
      bench.remove("a");
      assert.deepEqual([bench.ip("d"), bench.ip("c")], ["192.0.2.0", undefined]);
    });

    it("IPAM-60: one that waits gets the address that another one moved away from", () => {
      put("b", { loadBalancerIP: "192.0.2.0" });
      put("a", { loadBalancerIP: "192.0.2.1" });
      assert.deepEqual([bench.ip("a"), bench.ip("b")], ["192.0.2.1", "192.0.2.0"]);
    });

    it("LC-22: one that kept its address for want of a better moves when that is freed", () => {
      put("b", { loadBalancerIP: "192.0.2.0", ip: "192.0.2.1" });
      assert.equal(bench.ip("b"), "192.0.2.1");
      bench.remove("a");
      assert.equal(bench.ip("b"), "192.0.2.0");
    });

    it("IPAM-43: one that waits joins an address that has become one to share", () => {
      put("b");
      put("c", { key: "s", port: 81 });
      assert.equal(bench.ip("c"), undefined);
      put("b", { key: "s" });
      assert.equal(bench.ip("c"), "192.0.2.1");
    });

    it("IPAM-43: one that waits joins an address whose holder gave up the port", () => {
      put("a", { key: "s" });
      put("b", { key: "s", loadBalancerIP: "192.0.2.0" });
      assert.equal(bench.ip("b"), undefined);
      put("a", { key: "s", port: 81 });
      assert.equal(bench.ip("b"), "192.0.2.0");
    });

    it("CTL-11: one that waits gets the port of a sharer who lost it by its own change", () => {
      put("a", { key: "s" });
      put("x");
      put("b", { key: "s", port: 81 });
      put("c", { key: "s", port: 81 });
      assert.deepEqual([bench.ip("b"), bench.ip("c")], ["192.0.2.0", undefined]);
      put("b", { key: "s", port: 80 });
      assert.deepEqual([bench.ip("b"), bench.ip("c")], [undefined, "192.0.2.0"]);
    });

    it("LC-25: who stops being a LoadBalancer frees its address, but wakes nobody", () => {
      for (const name of ["b", "c"]) put(name);
      put("a", { type: "ClusterIP" });
      assert.deepEqual([bench.ip("a"), bench.ip("c")], [undefined, undefined]);
      bench.config(small);
      assert.equal(bench.ip("c"), "192.0.2.0");
    });

    it("IPAM-60: who waits is looked at when there is something to have, and only then", () => {
      for (const name of ["b", "c"]) put(name);
      bench.taken("count");
      put("a");
      bench.remove("never seen");
      // "a" itself; the deletion, the pass over those that wait, and "c".
      assert.equal(bench.taken("count").length, 4);
      put("c", { type: "ClusterIP" });
      bench.taken("count");
      bench.remove("a");
      assert.equal(bench.taken("count").length, 2);
    });

    it("CTL-2: a service that is being deleted keeps its address until it is gone", () => {
      const given = service("a", "192.0.2.0");
      const deletionTimestamp = "2026-01-01T00:00:00Z";
      const metadata = { ...given.metadata, deletionTimestamp, finalizers: ["x/y"] };
      bench.put({ ...given, metadata, spec: { ...given.spec, clusterIP: "10.96.0.1" } });
      for (const name of ["b", "c"]) put(name);
      assert.deepEqual([bench.ip("a"), bench.ip("c")], ["192.0.2.0", undefined]);
      bench.remove("a");
      assert.equal(bench.ip("c"), "192.0.2.0");
    });
  });
});
