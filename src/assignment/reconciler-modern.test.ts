/** The controller's machine under custom resources: passes, waiting services, restarts, counters, configuration. */
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { Config, Finding, Generation, Pool } from "../config/index.ts";
import type { Service } from "../kube/index.ts";
import {
  dual,
  loadBalancer,
  pool,
  poolsByName,
  type ServiceFields,
} from "../testing/pools-and-services.ts";
import { Reconciler, type ReconcilerOptions } from "./reconciler.ts";
import type { ReconcilerCommand, ReconcilerEvent } from "./reconciler-messages.ts";

const small = pool("lan", "192.0.2.0/31");

/** A controller with an API server that stores what is written, at once or when told. */
class Bench {
  readonly machine: Reconciler;
  readonly stored = new Map<string, Service>();
  commands: ReconcilerCommand[] = [];
  nowMs = 0;
  answersWrites = true;
  #version = 0;

  constructor(options?: ReconcilerOptions) {
    this.machine = new Reconciler(options);
  }

  /** A process that was started and saw this configuration and no service. */
  static ready(...pools: Pool[]): Bench {
    const bench = new Bench();
    bench.config(...pools);
    bench.listed();
    bench.commands = [];
    return bench;
  }

  send(event: ReconcilerEvent): void {
    const commands = this.machine.step(event, this.nowMs);
    this.commands.push(...commands);
    for (const command of commands) if (command.kind === "writeStatus") this.#write(command);
  }

  put(key: string, fields: ServiceFields = {}): void {
    const { status } = this.stored.get(key) ?? {};
    const service = loadBalancer(key, fields);
    this.tell(key, fields.ingress || !status ? service : { ...service, status });
  }

  tell(key: string, given: Service): void {
    const metadata = { ...given.metadata, resourceVersion: String(++this.#version) };
    this.stored.set(key, { ...given, metadata });
    this.send({ kind: "service", key, service: { ...given, metadata } });
  }

  remove(key: string): void {
    this.stored.delete(key);
    this.send({ kind: "service", key, service: undefined });
  }

  config(...pools: Pool[]): void {
    this.accept("modern", ...pools);
  }

  accept(generation: Generation, ...pools: Pool[]): void {
    const config: Config = { generation, pools: poolsByName(...pools), peers: [] };
    this.send({ kind: "config", outcome: { kind: "accepted", config, warnings: [] } });
  }

  listed(): void {
    this.send({ kind: "servicesListed" });
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.send({ kind: "wake" });
  }

  ips(key: string): string {
    const ingress = this.stored.get(key)?.status?.loadBalancer?.ingress ?? [];
    return ingress.map(({ ip }) => ip).join(" ") || "none";
  }

  taken<Kind extends ReconcilerCommand["kind"]>(
    kind: Kind,
  ): Extract<ReconcilerCommand, { kind: Kind }>[] {
    const isTaken = (one: ReconcilerCommand): one is Extract<ReconcilerCommand, { kind: Kind }> =>
      one.kind === kind;
    const taken = this.commands.filter(isTaken);
    this.commands = this.commands.filter((one) => !isTaken(one));
    return taken;
  }

  /** Events on services since the last call, as `name reason`. */
  events(): string[] {
    const notes = this.taken("recordOnService");
    return notes.map(({ service, note }) => `${service.metadata.name} ${note.reason}`);
  }

  counts(): string {
    const counts = this.taken("count").map(({ what }) => what);
    const count = (what: string) => counts.filter((one) => one === what).length;
    return `${count("updates")} updates, ${count("updateErrors")} errors`;
  }

  #write({ key, service: given }: Extract<ReconcilerCommand, { kind: "writeStatus" }>): void {
    if (!this.answersWrites) return;
    const metadata = { ...given.metadata, resourceVersion: String(++this.#version) };
    const stored = { ...given, metadata };
    this.stored.set(key, stored);
    this.send({ kind: "written", key, service: stored });
    this.send({ kind: "service", key, service: stored });
  }
}

const at = (...texts: string[]) => ({ ingress: texts.map((ip) => ({ ip })) });

describe("a start under custom resources", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  it("CTL-3, IPAM-53, TV-70: before configuration and list are there nothing is touched", () => {
    bench.put("w/a", at("203.0.113.9"));
    bench.put("w/b");
    assert.deepEqual([bench.counts(), bench.taken("writeStatus")], ["2 updates, 0 errors", []]);
    bench.config(small);
    bench.put("w/c");
    bench.pass(60_000);
    assert.deepEqual([bench.events(), bench.taken("writeStatus")], [[], []]);
    assert.ok(bench.taken("log").some(({ fields }) => fields["event"] === "noConfig"));
    bench.listed();
    assert.equal(bench.ips("w/a"), "192.0.2.0");
  });

  for (const order of ["the configuration", "the list"]) {
    it(`IPAM-53: when ${order} comes first, all holders go before the first new address`, () => {
      if (order === "the configuration") bench.config(small);
      bench.put("w/new");
      bench.put("w/outside", at("203.0.113.9"));
      bench.put("w/old", at("192.0.2.0"));
      bench.listed();
      if (order === "the list") bench.config(small);
      assert.equal(bench.ips("w/old"), "192.0.2.0");
      // Who shows something is looked at before who shows nothing.
      assert.deepEqual([bench.ips("w/outside"), bench.ips("w/new")], ["192.0.2.1", "none"]);
    });
  }

  it("IPAM-53: those that show most addresses go first, whoever was seen first", () => {
    bench.config(pool("both", "192.0.2.0/31 2001:db8::/127"));
    bench.put("w/one", at("192.0.2.0"));
    bench.put("w/two", { ...at("192.0.2.0", "2001:db8::"), spec: dual("RequireDualStack") });
    bench.listed();
    assert.deepEqual(
      [bench.ips("w/two"), bench.ips("w/one")],
      ["192.0.2.0 2001:db8::", "192.0.2.1"],
    );
  });

  it("IPAM-53, CTL-14: with more services than one step takes, all holders still go first", () => {
    bench.put("w/first");
    for (let index = 0; index < 700; index++) {
      bench.put(`w/s${index}`, at(`10.0.${index >> 8}.${index & 255}`));
    }
    bench.listed();
    bench.config(pool("big", "10.0.0.0/16"));
    assert.equal(bench.taken("wakeAfter").at(-1)?.ms, 0, "the event loop may turn in between");
    for (let turn = 0; turn < 30; turn++) bench.pass(1);
    assert.equal(bench.ips("w/first"), "10.0.2.188");
    assert.equal(bench.taken("writeStatus").length, 701, "each once: the annotation was missing");
  });

  it("IPAM-53: pools that change during the replay start it anew", () => {
    bench.put("w/stranger", at("203.0.113.9"));
    for (let index = 0; index < 150; index++) bench.put(`w/s${index}`, at(`10.0.0.${index}`));
    bench.listed();
    bench.config(pool("other", "198.51.100.0/24"));
    bench.config(pool("big", "10.0.0.0/24"));
    for (let turn = 0; turn < 30; turn++) bench.pass(1);
    assert.deepEqual([bench.ips("w/s0"), bench.ips("w/s149")], ["10.0.0.0", "10.0.0.149"]);
    assert.equal(bench.ips("w/stranger"), "10.0.0.150");
  });

  it("IPAM-53: a restart writes nothing and tells nothing", () => {
    const before = Bench.ready(small);
    for (const key of ["w/a", "w/b"]) before.put(key);
    for (const [key, service] of before.stored) bench.tell(key, service);
    bench.listed();
    bench.config(small);
    bench.pass(60_000);
    assert.deepEqual([bench.taken("writeStatus"), bench.events()], [[], []]);
  });
});

describe("services that wait, under custom resources", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = Bench.ready(small);
    for (const key of ["w/a", "w/b", "w/c"]) bench.put(key);
    bench.commands = [];
  });

  it("CTL-2, CTL-11, IPAM-60: the deletion of a holder serves the first; of another, nobody is looked at", () => {
    bench.put("w/d");
    bench.commands = [];
    bench.remove("w/d");
    assert.deepEqual(bench.events(), []);
    bench.remove("w/a");
    assert.equal(bench.ips("w/c"), "192.0.2.0");
  });

  it("CTL-11, IPAM-60: so does a change of type", () => {
    bench.put("w/a", { spec: { type: "ClusterIP" } });
    assert.deepEqual([bench.ips("w/a"), bench.ips("w/c")], ["none", "192.0.2.0"]);
  });

  it("CTL-11, IPAM-60: so does a family policy that cannot be met", () => {
    bench.put("w/a", { spec: { ipFamilyPolicy: "RequireDualStack" } });
    assert.deepEqual([bench.ips("w/a"), bench.ips("w/c")], ["none", "192.0.2.0"]);
  });

  it("IPAM-60: so does a move, unlike in the reference", () => {
    bench.config(small, pool("wan", "198.51.100.0/31", { autoAssign: false }));
    assert.equal(bench.ips("w/c"), "none");
    bench.put("w/a", { annotations: { "metallb.io/address-pool": "wan" } });
    assert.deepEqual([bench.ips("w/a"), bench.ips("w/c")], ["198.51.100.0", "192.0.2.0"]);
  });

  it("IPAM-62: so does the release of a service that left our class", () => {
    bench.put("w/a", { spec: { loadBalancerClass: "example.com/other" } });
    assert.equal(bench.ips("w/c"), "192.0.2.0");
  });

  it("CTL-15, CTL-11: each pass warns them again", () => {
    bench.put("w/d");
    bench.commands = [];
    bench.remove("w/a");
    assert.deepEqual(bench.events(), ["c IPAllocated", "d AllocationFailed"]);
    bench.config(small);
    assert.deepEqual(bench.events(), ["d AllocationFailed"]);
  });

  it("IPAM-43, TV-63: a first Local holder makes all that wait be looked at, a Cluster one does not", () => {
    bench.config(pool("lan", "192.0.2.0/29", { autoAssign: false }));
    bench.commands = [];
    const annotations = { "metallb.io/address-pool": "lan" };
    bench.put("w/cluster", { annotations });
    assert.deepEqual(bench.events(), ["cluster IPAllocated"]);
    const spec = { externalTrafficPolicy: "Local", selector: { app: "x" } };
    bench.put("w/local", { annotations, spec });
    assert.deepEqual(bench.events(), ["local IPAllocated", "c AllocationFailed"]);
  });

  it("IPAM-43: one joins an address that has become one to share", () => {
    const shares = { "metallb.io/allow-shared-ip": "s" };
    bench.put("w/c", { annotations: shares, spec: { ports: [{ port: 81 }] } });
    assert.equal(bench.ips("w/c"), "none");
    bench.put("w/b", { annotations: shares });
    assert.equal(bench.ips("w/c"), "192.0.2.1");
  });

  it("CTL-5, CTL-16: they are not tried again by themselves", () => {
    bench.pass(10_000_000);
    assert.deepEqual(bench.commands, []);
  });

  it("IPAM-32: one that lacks its second family gets it when one becomes free", () => {
    bench = Bench.ready(pool("both", "192.0.2.0/31 2001:db8::/128"));
    bench.put("w/six", { spec: { clusterIP: "fd00::1" } });
    bench.put("w/a", { spec: dual("PreferDualStack") });
    assert.equal(bench.ips("w/a"), "192.0.2.0");
    bench.remove("w/six");
    assert.equal(bench.ips("w/a"), "192.0.2.0 2001:db8::");
  });
});

describe("the order of those that wait", () => {
  it("CTL-14: the one that shows an address is looked at before one that shows none and asked earlier", () => {
    const bench = Bench.ready(pool("lan", "192.0.2.0/32 2001:db8::/126"));
    bench.put("w/holder");
    bench.put("w/both", { spec: dual("RequireDualStack") });
    bench.put("w/either", { spec: dual("PreferDualStack") });
    bench.remove("w/holder");
    assert.deepEqual(
      ["w/both", "w/either"].map((key) => bench.ips(key)),
      ["none", "2001:db8:: 192.0.2.0"],
    );
  });
});

describe("writes under custom resources", () => {
  let bench: Bench;
  beforeEach(() => {
    bench = Bench.ready(small);
  });

  it("CTL-7, CTL-8: a failed one is told, counted and tried again with the same address", () => {
    bench.answersWrites = false;
    bench.put("w/a");
    bench.send({ kind: "writeFailed", key: "w/a", error: "conflict" });
    assert.equal(bench.counts(), "1 updates, 1 errors");
    bench.put("w/b");
    bench.pass(5);
    assert.equal(bench.counts(), "2 updates, 0 errors", "b and the retry");
    const shown = bench.taken("writeStatus").map(({ key, service }) => {
      return `${key} ${service.status?.loadBalancer?.ingress?.[0]?.ip}`;
    });
    assert.deepEqual(shown, ["w/a 192.0.2.0", "w/b 192.0.2.1", "w/a 192.0.2.0"]);
    assert.equal(bench.events().filter((event) => event === "a IPAllocated").length, 1);
  });

  it("CTL-6: a write that failed is not made up for when it has become needless", () => {
    bench.answersWrites = false;
    bench.put("w/a");
    bench.taken("writeStatus");
    bench.send({ kind: "writeFailed", key: "w/a", error: "conflict" });
    bench.config();
    bench.pass(5);
    assert.deepEqual(bench.taken("writeStatus"), [], "nothing is shown, nothing is held");
    assert.deepEqual([...bench.machine.held()], []);
  });

  it("CTL-6: a cleared status is written even when the result is an error", () => {
    bench.put("w/a");
    bench.config();
    assert.equal(bench.ips("w/a"), "none");
  });

  it("CTL-13: our own write is not judged again when the watch tells of it before the answer", () => {
    bench.config(pool("lan", "2001:db8::/126"));
    bench.answersWrites = false;
    bench.put("w/a", { spec: dual("PreferDualStack") });
    const [write] = bench.taken("writeStatus");
    assert.ok(write);
    const metadata = { ...write.service.metadata, resourceVersion: "2002" };
    const stored = { ...write.service, metadata };
    assert.deepEqual(bench.events(), ["a IPAllocated", "a AdditionalAssignFailed"]);
    bench.counts();
    bench.send({ kind: "service", key: "w/a", service: stored });
    bench.send({ kind: "written", key: "w/a", service: stored });
    assert.deepEqual([bench.events(), bench.counts()], [[], "0 updates, 0 errors"]);
  });

  it("CTL-2, CTL-7: what others do while a write is under way is judged when the answer is there", () => {
    bench.answersWrites = false;
    bench.put("w/a");
    const [write] = bench.taken("writeStatus");
    assert.ok(write);
    bench.put("w/a", { spec: { type: "ClusterIP" } });
    assert.equal(bench.counts(), "1 updates, 0 errors", "not yet");
    const metadata = { ...write.service.metadata, resourceVersion: "0" };
    bench.send({ kind: "written", key: "w/a", service: { ...write.service, metadata } });
    assert.deepEqual([...bench.machine.held()], []);
    bench.put("w/b");
    bench.remove("w/b");
    bench.send({ kind: "writeFailed", key: "w/b", error: "not found" });
    assert.deepEqual([...bench.machine.held()], [], "gone while its write was under way");
  });

  it("CTL-8: the watch that tells late of our own older write takes nothing back", () => {
    bench.answersWrites = false;
    bench.put("w/a");
    const [first] = bench.taken("writeStatus");
    const withVersion = (version: string, { service }: { service: Service }): Service => {
      return { ...service, metadata: { ...service.metadata, resourceVersion: version } };
    };
    const v2 = withVersion("2002", first as { service: Service });
    bench.send({ kind: "written", key: "w/a", service: v2 });
    bench.config(pool("wan", "198.51.100.0/31"));
    const [second] = bench.taken("writeStatus");
    const v3 = withVersion("2003", second as { service: Service });
    bench.send({ kind: "written", key: "w/a", service: v3 });
    for (const service of [v2, v3]) bench.send({ kind: "service", key: "w/a", service });
    assert.deepEqual(bench.taken("writeStatus"), []);
    assert.equal([...bench.machine.held()].length, 1);
  });
});

describe("metrics and pool counters", () => {
  it("CTL-1, CTL-5, CTL-11: single services count as updates and errors, full passes do not", () => {
    const bench = Bench.ready(small);
    for (const key of ["w/a", "w/b", "w/c"]) bench.put(key);
    assert.equal(bench.counts(), "3 updates, 1 errors");
    bench.config(small);
    assert.equal(bench.counts(), "1 updates, 0 errors");
    bench.put("w/a", { spec: { ipFamilyPolicy: "RequireDualStack" } });
    assert.equal(bench.counts(), "1 updates, 0 errors", "to look at all again is no error");
  });

  it("ST-1, ST-3, MET-11, TV-73: only changed pools are told of, new ones with nothing in use, gone ones by name", () => {
    const bench = new Bench();
    const both = pool("both", "198.18.1.0/30 2001:db8:5::/126");
    bench.config(both, small);
    const told = () => bench.taken("poolUsage").map(({ pools, removed }) => [pools, removed]);
    const row = (name: string, [capacityV4, capacityV6, inUseV4, inUseV6]: readonly bigint[]) => ({
      pool: name,
      capacity: (capacityV4 ?? 0n) + (capacityV6 ?? 0n),
      capacityV4,
      capacityV6,
      inUse: (inUseV4 ?? 0n) + (inUseV6 ?? 0n),
      inUseV4,
      inUseV6,
    });
    const fresh = [row("both", [4n, 4n, 0n, 0n]), row("lan", [2n, 0n, 0n, 0n])];
    assert.deepEqual(told(), [[fresh, []]]);
    bench.listed();
    bench.put("w/a", { spec: dual("RequireDualStack") });
    assert.deepEqual(told(), [[[row("both", [4n, 4n, 1n, 1n])], []]]);
    bench.put("w/a", { spec: dual("RequireDualStack"), labels: { any: "change" } });
    assert.deepEqual(told(), []);
    bench.config(both);
    assert.deepEqual(told(), [[[], ["lan"]]]);
    bench.remove("w/a");
    assert.deepEqual(told(), [[[row("both", [4n, 4n, 0n, 0n])], []]]);
  });
});

describe("configuration", () => {
  const finding = (object: string, message: string): Finding => {
    return { code: "CFG-11", severity: "error", object, path: "spec", message, fix: "mend it" };
  };
  const refused = (...findings: Finding[]): ReconcilerEvent => {
    return { kind: "config", outcome: { kind: "refused", findings } };
  };
  const gauges = (bench: Bench) =>
    bench.taken("gauge").map(({ what, value }) => `${what}=${value}`);

  it("CFG-50, CFG-52, LOG-4: a refused one is told with all its faults; the last good one stays", () => {
    const bench = Bench.ready(small);
    const pools = ["IPAddressPool m/x", "IPAddressPool m/y"];
    bench.send(refused(...pools.map((object) => finding(object, "no prefixes defined"))));
    assert.deepEqual(gauges(bench), ["configStale=1"]);
    const lines = bench
      .taken("log")
      .map(({ level, fields }) => [level, fields["error"], fields["msg"]]);
    const msg = "configuration refused, the previous one stays in force";
    assert.deepEqual(
      lines,
      pools.map((object) => ["error", `${object}, spec: no prefixes defined; mend it`, msg]),
    );
    assert.deepEqual([bench.taken("recordOnConfig"), bench.counts()], [[], "1 updates, 0 errors"]);
    bench.put("w/a");
    assert.equal(bench.ips("w/a"), "192.0.2.0");
  });

  it("CFG-50: ten thousand faults are not ten thousand lines", () => {
    const bench = Bench.ready(small);
    bench.send(
      refused(...Array.from({ length: 10_000 }, () => finding("IPAddressPool m/x", "bad"))),
    );
    const errors = bench.taken("log").map(({ fields }) => fields["error"]);
    assert.deepEqual(
      [errors.length, errors.at(-1)],
      [20, '9981 more; run "metallb lint" to see all'],
    );
  });

  it("LC-28: faults of the ConfigMap are an event on it", () => {
    const bench = Bench.ready(small);
    bench.send(refused(finding("ConfigMap m/config", "unknown key")));
    const [event] = bench.taken("recordOnConfig");
    assert.equal(event?.note.reason, "ConfigRefused");
    assert.match(
      event?.note.message ?? "",
      /^configuration refused, .*: ConfigMap m\/config, spec: unknown key/,
    );
    assert.equal(bench.taken("log")[0]?.fields["event"], "configStale");
  });

  it("CFG-51: the former one again is no longer stale, and nobody is looked at", () => {
    const bench = Bench.ready(small);
    bench.put("w/a");
    bench.send(refused(finding("IPAddressPool m/x", "bad")));
    bench.commands = [];
    bench.send({ kind: "config", outcome: { kind: "unchanged", warnings: [] } });
    assert.deepEqual(gauges(bench), ["configStale=0"]);
    assert.equal(bench.counts(), "1 updates, 0 errors");
  });

  it("CFG-52: an accepted one sets loaded and clears stale", () => {
    const bench = new Bench();
    bench.config(small);
    assert.deepEqual(gauges(bench), ["configLoaded=1", "configStale=0"]);
  });

  it("INS-46: a warning is told once while it stands", () => {
    const bench = Bench.ready(small);
    const warning: Finding = { ...finding("ConfigMap m/config", "unused"), severity: "warning" };
    for (const warnings of [[warning], [warning], [], [warning]]) {
      bench.send({ kind: "config", outcome: { kind: "unchanged", warnings } });
    }
    assert.equal(bench.taken("log").length, 2);
  });

  it("IPAM-50, IPAM-51, IPAM-55: other pools, or who may use them: all are looked at anew", () => {
    const bench = Bench.ready(small);
    for (const key of ["w/a", "w/b"]) bench.put(key);
    bench.config(pool("renamed", "192.0.2.0/32"), pool("new", "198.51.100.0/24"));
    assert.deepEqual([bench.ips("w/a"), bench.ips("w/b")], ["192.0.2.0", "198.51.100.0"]);
    const key = "metallb.io/ip-allocated-from-pool";
    assert.equal(bench.stored.get("w/a")?.metadata.annotations?.[key], "renamed");
    assert.equal(
      bench.events().join(),
      "a IPAllocated,b IPAllocated,b ClearAssignment,b IPAllocated",
    );
    const serviceAllocation = { priority: 0, namespaces: new Set(["x"]), serviceSelectors: [] };
    bench.config(
      pool("renamed", "192.0.2.0/32", { serviceAllocation }),
      pool("new", "198.51.100.0/24"),
    );
    assert.equal(bench.ips("w/a"), "198.51.100.1");
  });

  it("IPAM-52, CTL-11: no pools at all: cleared without an event, and all come back with the pools", () => {
    const bench = Bench.ready(small);
    bench.put("w/a");
    bench.commands = [];
    bench.config();
    assert.deepEqual([bench.ips("w/a"), bench.events()], ["none", []]);
    bench.config(small);
    assert.equal(bench.ips("w/a"), "192.0.2.0");
  });

  it("IPAM-62: --lb-class counts under custom resources only", () => {
    const bench = new Bench({ loadBalancerClass: "example.com/metallb" });
    bench.accept("legacy", small);
    bench.listed();
    bench.put("w/a");
    assert.equal(bench.ips("w/a"), "192.0.2.0");
    bench.config(small);
    bench.put("w/b");
    bench.put("w/c", { spec: { loadBalancerClass: "example.com/metallb" } });
    assert.deepEqual([bench.ips("w/b"), bench.ips("w/c")], ["none", "192.0.2.0"]);
  });

  it("IPAM-51: from a ConfigMap to resources and back every holder keeps its address", () => {
    const bench = new Bench();
    bench.accept("legacy", pool("lan", "192.0.2.0/29"));
    bench.listed();
    for (const key of ["w/a", "w/b", "w/c"]) bench.put(key);
    const before = ["w/a", "w/b", "w/c"].map((key) => bench.ips(key));
    bench.commands = [];
    bench.config(pool("blue", "192.0.2.0/31"), pool("green", "192.0.2.2/31"));
    assert.deepEqual(
      ["w/a", "w/b", "w/c"].map((key) => bench.ips(key)),
      before,
    );
    assert.deepEqual([bench.taken("writeStatus").length, bench.events()], [3, []]);
    bench.accept("legacy", pool("lan", "192.0.2.0/29"));
    assert.deepEqual(
      ["w/a", "w/b", "w/c"].map((key) => bench.ips(key)),
      before,
    );
    assert.deepEqual([bench.taken("writeStatus"), bench.events()], [[], []]);
  });
});
