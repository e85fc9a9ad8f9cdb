/**
 * Whole histories of a controller, ten thousand small ones a run: services that change in every way at once,
 * changed and exchanged configurations, late watches, lost answers, conflicts, restarts; and the same once more with
 * pools whose addresses are asked for on the wire, where other machines come and go. After every step the
 * tables must be sound; at rest nothing may be left to do. A failure names the seed of its history.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Allocator, Holding } from "../allocator/index.ts";
import { findViolation } from "../allocator/invariants.ts";
import type { Config, ConfigOutcome, Generation, Pool } from "../config/index.ts";
import { parseAddress } from "../ip/index.ts";
import type { Service } from "../kube/index.ts";
import { allocation, loadBalancer, pool, poolsByName } from "../testing/pools-and-services.ts";
import { reconcileModern } from "./reconcile-modern.ts";
import { reconcileService } from "./reconcile-service.ts";
import { Reconciler } from "./reconciler.ts";
import type { JudgeService, ReconcilerCommand, ReconcilerEvent } from "./reconciler-messages.ts";

const histories = 10_000;
const movesPerHistory = 24;
const firstSeed = 20_261_122;

const config = (generation: Generation, ...pools: Pool[]): Config => ({
  generation,
  pools: poolsByName(...pools),
  peers: [],
});
const web = [[{ key: "app", operator: "In" as const, values: ["web"] }]];

/** Small worlds: most have too little for all. The first is ample. */
const configs: readonly Config[] = [
  config("modern", pool("both", "198.18.1.0/29 2001:db8:5::/125")),
  config("modern", pool("lo", "198.18.1.0/31 2001:db8:5::/127"), pool("hi", "198.18.1.2/31")),
  config(
    "modern",
    pool("four", "198.18.1.0/30", { avoidBuggyIps: true }),
    pool("six", "2001:db8:5::/127", allocation({ namespaces: new Set(["w"]), priority: 1 })),
    pool("both", "198.18.2.0/31 2001:db8:6::/128", { autoAssign: false }),
  ),
  config(
    "modern",
    pool("both", "198.18.1.0/31 2001:db8:5::/128", allocation({ serviceSelectors: web })),
    pool("four", "198.18.1.2/31"),
  ),
  config("modern"),
  config("legacy", pool("both", "198.18.1.0/29 2001:db8:5::/125")),
  config("legacy", pool("four", "198.18.1.0/31"), pool("both", "198.18.2.0/31 2001:db8:5::/127")),
];

const probingConfigs = configs.map((one) => {
  if (one.generation === "legacy") return one;
  const pools = [...one.pools].map(([name, of]) => [name, { ...of, probe: true }] as const);
  return { ...one, pools: new Map<string, Pool>(pools) };
});
/** Addresses that other machines have now and then. */
const contested = ["198.18.1.0", "198.18.1.1", "198.18.1.2", "2001:db8:5::", "2001:db8:5::1"];

const keys = ["w/a", "w/b", "x/c", "x/d"];
const clusterIps = [["10.96.0.1"], ["10.96.0.1"], ["fd00::1"], ["10.96.0.1", "fd00::1"], ["bad"]];
const listings = ["198.18.1.1", "2001:db8:5::1", "198.18.1.1,2001:db8:5::1", "203.0.113.9", "x"];

/** What the controller has not received yet; configuration is looked at when it comes. */
type Coming = ReconcilerEvent | "config";

class History {
  #random: number;
  readonly #seed: number;
  #version = 0;
  #nowMs = 0;
  #machine = new Reconciler();
  #allocator: Allocator | undefined;
  #inForce: Config | undefined;
  readonly #stored = new Map<string, Service>();
  #wantedConfig: Config;
  #coming: Coming[] = [];
  #writes: Extract<ReconcilerCommand, { kind: "writeStatus" }>[] = [];
  /** Services that somebody changed, and whether the configuration did, since all was at rest. */
  readonly #changed = new Set<string>();
  #isConfigNew = false;
  readonly #configs: readonly Config[];
  /** Addresses that are asked for on the wire, and not answered yet. */
  #probes: string[] = [];
  readonly #foreign = new Set<string>();
  /** What the machine was told that it may give. */
  readonly #sure = new Set<string>();
  /** What a status showed or was to show since the machine began: it may have adopted it. */
  #shown = new Set<string>();

  constructor(seed: number, isProbing = false) {
    this.#seed = seed;
    this.#random = seed;
    this.#configs = isProbing ? probingConfigs : configs;
    this.#wantedConfig = this.#configs[0] as Config;
  }

  run(): void {
    this.#restart();
    for (let move = 0; move < movesPerHistory; move++) {
      if (this.#chance() < 0.5) this.#userMoves();
      else this.#worldMoves();
      if (this.#chance() < 0.15) this.#settle();
    }
    this.#settle();
    this.#checkRestart();
    this.#checkNothingLeaks();
  }

  // Moves

  #userMoves(): void {
    const key = this.#pick(keys);
    const what = this.#chance();
    if (what < 0.12) this.#setConfig(this.#pick(this.#configs));
    else if (what < 0.25) this.#delete(key);
    else if (what < 0.32) this.#forgeStatus(key);
    else this.#store(key, this.#anyService(key));
  }

  #worldMoves(): void {
    const what = this.#chance();
    if (what < 0.05) this.#restart();
    else if (this.#probes.length > 0 && what < 0.25) this.#answerProbe(this.#chance());
    else if (what < 0.45) this.#answerWrite(this.#chance() < 0.3);
    else if (what < 0.9) this.#deliver();
    else this.#wake(this.#chance() * 100);
  }

  /** Type, class, families, policy, wishes, sharing and labels change all at once; what it shows stays. */
  #anyService(key: string): Service {
    const before = this.#stored.get(key);
    const clusterIPs = this.#pick(clusterIps);
    const policies = ["SingleStack", "PreferDualStack", "RequireDualStack"];
    const prefix = this.#pick(["metallb.io", "metallb.universe.tf"]);
    const annotations: Record<string, string> = {};
    if (this.#chance() < 0.2) annotations[`${prefix}/address-pool`] = this.#pick(["both", "four"]);
    if (this.#chance() < 0.2) annotations[`${prefix}/loadBalancerIPs`] = this.#pick(listings);
    if (this.#chance() < 0.5) annotations[`${prefix}/allow-shared-ip`] = this.#pick(["s", "t"]);
    const pooled = before?.metadata.annotations?.["metallb.io/ip-allocated-from-pool"];
    if (pooled !== undefined) annotations["metallb.io/ip-allocated-from-pool"] = pooled;
    const service = loadBalancer(key, {
      annotations,
      labels: { app: this.#pick(["web", "db"]) },
      spec: {
        type: this.#chance() < 0.85 ? "LoadBalancer" : "ClusterIP",
        clusterIP: clusterIPs[0] as string,
        clusterIPs,
        ipFamilyPolicy: this.#pick(policies),
        ipFamilies: this.#pick([["IPv4", "IPv6"], ["IPv6", "IPv4"], []]),
        ports: [{ port: this.#pick([80, 81]) }],
        externalTrafficPolicy: this.#pick(["Cluster", "Cluster", "Local"]),
        selector: { app: this.#pick(["web", "db"]) },
        ...(this.#chance() < 0.08 && { loadBalancerClass: "example.com/other" }),
        ...(this.#chance() < 0.08 && { loadBalancerIP: this.#pick(listings) }),
      },
    });
    return before?.status === undefined ? service : { ...service, status: before.status };
  }

  /** Somebody else writes the status: wiped, or an address of any kind. */
  #forgeStatus(key: string): void {
    const before = this.#stored.get(key);
    if (before === undefined) return;
    const ips = this.#pick([[], ["198.18.1.1"], ["198.18.2.0", "2001:db8:6::"], ["junk"]]);
    const ingress = ips.map((ip) => ({ ip }));
    this.#store(key, { ...before, status: { loadBalancer: { ingress } } });
  }

  #store(key: string, service: Service, byUser = true): Service {
    const metadata = { ...service.metadata, resourceVersion: String(++this.#version) };
    const stored = { ...service, metadata };
    this.#stored.set(key, stored);
    for (const ip of ipsOf(stored)) this.#shown.add(ip);
    if (byUser) this.#changed.add(key);
    this.#coming.push({ kind: "service", key, service: stored });
    return stored;
  }

  #delete(key: string): void {
    if (!this.#stored.delete(key)) return;
    this.#coming.push({ kind: "service", key, service: undefined });
  }

  #setConfig(wanted: Config): void {
    this.#wantedConfig = wanted;
    this.#coming.push("config");
  }

  /** A new process, which lists what is stored; services and configuration come in any order. */
  #restart(): void {
    const watched: JudgeService = (service, allocator, options) => {
      this.#allocator = allocator;
      const isLegacy = this.#inForce?.generation === "legacy";
      return (isLegacy ? reconcileService : reconcileModern)(service, allocator, options);
    };
    this.#machine = new Reconciler({ rules: { legacy: watched, modern: watched } });
    this.#allocator = undefined;
    this.#inForce = undefined;
    this.#isConfigNew = true;
    this.#writes = [];
    this.#probes = [];
    this.#sure.clear();
    this.#shown = new Set([...this.#stored.values()].flatMap(ipsOf));
    const listed: Coming[] = [...this.#stored].map(([key, service]) => {
      return { kind: "service", key, service };
    });
    listed.push({ kind: "servicesListed" });
    listed.splice(Math.floor(this.#chance() * (listed.length + 1)), 0, "config");
    this.#coming = listed;
  }

  #deliver(): void {
    const next = this.#coming.shift();
    if (next === undefined) return;
    this.#send(next === "config" ? { kind: "config", outcome: this.#look() } : next);
  }

  /** LC-21: a ConfigMap is refused while it strands an address; resources are taken as they are (CFG-53). */
  #look(): ConfigOutcome {
    const wanted = this.#wantedConfig;
    const covers = ({ prefixes }: Pool, ip: { family: number; value: bigint }) =>
      prefixes.some(
        ({ family, first, bits }) =>
          family === ip.family &&
          ip.value >> hostBits(family, bits) === first >> hostBits(family, bits),
      );
    const isStranding =
      wanted.generation === "legacy" &&
      [...this.#machine.held()].some(
        ({ address }) => ![...wanted.pools.values()].some((one) => covers(one, address)),
      );
    if (isStranding) return { kind: "refused", findings: [] };
    this.#inForce = wanted;
    this.#isConfigNew = true;
    return { kind: "accepted", config: wanted, warnings: [] };
  }

  /** The API server decides by version; its answer may get lost on the way back. */
  #answerWrite(isLost: boolean): void {
    const write = this.#writes.shift();
    if (write === undefined) return;
    const { key, service } = write;
    const stored = this.#stored.get(key);
    if (stored?.metadata.resourceVersion !== service.metadata.resourceVersion) {
      return this.#send({ kind: "writeFailed", key, error: "conflict" });
    }
    const { status = {}, metadata } = service;
    const written = this.#store(key, { ...(stored as Service), metadata, status }, false);
    if (isLost) return this.#send({ kind: "writeFailed", key, error: "the connection was cut" });
    return this.#send({ kind: "written", key, service: written });
  }

  /** Above 0.9 it is not said who has it. */
  #answerProbe(chance: number): void {
    const at = Math.floor(chance * this.#probes.length);
    const [address = ""] = this.#probes.splice(at, 1);
    const machine = this.#pick(contested);
    if (chance < 0.5 && !this.#foreign.delete(machine)) this.#foreign.add(machine);
    const how = chance < 0.3 ? "probes" : "has";
    const used = { kind: "used", mac: "02:00:00:00:00:99", node: "n", on: "eth0", how } as const;
    const unasked = { kind: "unasked", why: "nobody" } as const;
    const told = chance > 0.95 ? unasked : ({ kind: "ours", node: "n" } as const);
    const answer = this.#foreign.has(address) ? used : ({ kind: "free", node: "n" } as const);
    const isSure = chance > 0.95 || (chance <= 0.9 && answer.kind === "free");
    if (isSure) this.#sure.add(address);
    else this.#sure.delete(address);
    this.#send({ kind: "probed", address, answer: chance > 0.9 ? told : answer });
  }

  #wake(ms: number): void {
    this.#nowMs += ms;
    this.#send({ kind: "wake" });
  }

  #send(event: ReconcilerEvent): void {
    for (const command of this.#machine.step(event, this.#nowMs)) {
      if (command.kind === "probe") this.#probes.push(command.address);
      if (command.kind !== "writeStatus") continue;
      this.#isAskedFor(command.key, command.service);
      // A write that fails is repeated, whatever the pools are by then.
      for (const ip of ipsOf(command.service)) this.#shown.add(ip);
      this.#writes.push(command);
      this.#keepsPromise(command.key, command.service);
    }
    const violation =
      this.#allocator && findViolation(this.#allocator, this.#inForce?.pools ?? new Map());
    assert.equal(violation, undefined, this.#name());
    for (const [key, service] of new Map(this.#writes.map((write) => [write.key, write.service]))) {
      if (event.kind !== "config") this.#showsHolding(key, service);
    }
  }

  // What must hold

  /** No new address is shown before somebody on the wire was asked for it, unless another one shows it. */
  #isAskedFor(key: string, after: Service): void {
    if (this.#configs !== probingConfigs || this.#inForce?.generation !== "modern") return;
    const before = ipsOf(this.#stored.get(key) ?? after);
    for (const ip of ipsOf(after).filter((one) => !before.includes(one))) {
      const isSure = this.#sure.has(ip) || this.#shown.has(ip);
      assert.ok(isSure, `${key}: nobody was asked for ${ip}, ${this.#name()}`);
    }
  }

  /** CTL-6: what is about to be written shows what the service holds, neither more nor less. */
  #showsHolding(key: string, service: Service): void {
    if (this.#stored.get(key)?.metadata.resourceVersion !== service.metadata.resourceVersion)
      return;
    if (this.#isConfigNew) return;
    const held = this.#allocator?.holdingOf(key)?.addresses.length ?? 0;
    assert.equal(ipsOf(service).length, held, `${key}: status and holding differ, ${this.#name()}`);
  }

  /** An address that is shown is only taken away when somebody changed something, or for the one asked for. */
  #keepsPromise(key: string, after: Service): void {
    const before = this.#stored.get(key);
    if (before === undefined || this.#isConfigNew || this.#changed.has(key)) return;
    const lost = ipsOf(before).filter((ip) => !ipsOf(after).includes(ip));
    // Who waits for what it asked for moves there when it can.
    const { metadata, spec } = before;
    const isAsking = /address-pool|loadBalancerIPs/.test(
      Object.keys(metadata.annotations ?? {}).join(),
    );
    if ((isAsking || spec.loadBalancerIP !== undefined) && ipsOf(after).length > 0) return;
    assert.deepEqual(lost, [], `${key} lost an address for nothing, ${this.#name()}`);
  }

  #settle(): void {
    const left = () => this.#coming.length + this.#writes.length + this.#probes.length;
    for (let round = 0; left() > 0 || round < 3; round++) {
      assert.ok(round < 100, `it never comes to rest, ${this.#name()}`);
      this.#foreign.clear();
      while (this.#probes.length > 0) this.#answerProbe(0.6);
      while (this.#coming.length > 0) this.#deliver();
      while (this.#writes.length > 0) this.#answerWrite(false);
      this.#wake(1_000_000);
    }
    const { generation } = this.#inForce ?? {};
    const allocator = this.#allocator;
    for (const [key, service] of this.#stored) {
      // LC-25: who leaves an address silently wakes nobody, so only custom resources leave nothing to do.
      if (allocator && generation === "modern") this.#checkNothingToDo(key, service, allocator);
      if (allocator && generation) this.#checkAtRest(service, generation, allocator.holdingOf(key));
    }
    this.#changed.clear();
    this.#isConfigNew = false;
  }

  #checkAtRest(service: Service, generation: Generation, holding: Holding | undefined): void {
    const { type, loadBalancerClass, clusterIP } = service.spec;
    const isForeign = generation === "modern" && loadBalancerClass !== undefined;
    if (isForeign || clusterIP === "bad") return;
    const what = `${service.metadata.name} at rest, ${this.#name()}`;
    const held = holding?.addresses ?? [];
    assert.deepEqual(ipsOf(service).map(parseAddress), [...held], what);
    if (type !== "LoadBalancer") assert.equal(held.length, 0, what);
    if (generation === "legacy") return;
    const pooled = service.metadata.annotations?.["metallb.io/ip-allocated-from-pool"];
    assert.equal(pooled, holding?.pool, what);
    assert.ok(isLegal(service, held.map(({ family }) => family).join()), what);
  }

  /** CTL-13: judged again, it is as it should be, and only what stands in its way is told again (CTL-15). */
  #checkNothingToDo(key: string, service: Service, allocator: Allocator): void {
    const again = reconcileModern(service, allocator, { mayAllocate: true, loadBalancerClass: "" });
    const what = `${key} at rest, ${this.#name()}`;
    assert.equal(again.changed, undefined, what);
    const standing = [
      "AllocationFailed",
      "LoadBalancerFailed",
      "AdditionalAssignFailed",
      "not enough clusterips",
      "noclusterIPsIPFamily",
      "nolbIPsIPFamily",
    ];
    assert.ok(
      again.notes.every(({ reason }) => standing.includes(reason)),
      what,
    );
  }

  /** IPAM-53: a restart at rest changes no address and writes nothing. */
  #checkRestart(): void {
    // A service with junk as cluster IP may show an address that was another's first (CTL-4, step 7).
    if ([...this.#stored.values()].some(({ spec }) => spec.clusterIP === "bad")) return;
    // One that was refused for the addresses in use would be taken by a new process, which knows none (LC-21).
    if (this.#inForce !== undefined) this.#wantedConfig = this.#inForce;
    const before = new Map(this.#stored);
    this.#restart();
    this.#settle();
    for (const [key, service] of before) {
      const isServed = this.#inForce?.generation === "modern" || ipsOf(service).length > 0;
      // LC-25: a new process serves who was left waiting. The others were not even written anew.
      if (isServed)
        assert.equal(this.#stored.get(key), service, `${key} restarted, ${this.#name()}`);
    }
  }

  #checkNothingLeaks(): void {
    for (const key of keys) this.#delete(key);
    this.#settle();
    const inUse = this.#machine.usage().filter((row) => row.inUse !== 0n);
    assert.deepEqual([inUse, [...this.#machine.held()]], [[], []], this.#name());
  }

  #name(): string {
    return `history of seed ${this.#seed}`;
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#chance() * list.length)] as T;
  }

  #chance(): number {
    this.#random = (Math.imul(this.#random ^ (this.#random >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((this.#random ^ (this.#random >>> 13)) >>> 0) / 2 ** 32;
  }
}

function ipsOf({ status }: Service): string[] {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip = "" }) => ip);
}

/** IPAM-30, IPAM-33: the families that a service may hold. */
function isLegal({ spec }: Service, families: string): boolean {
  const { clusterIPs = [], ipFamilyPolicy } = spec;
  if (families === "") return true;
  if (clusterIPs.length === 1) return families === (clusterIPs[0]?.includes(":") ? "6" : "4");
  const isPair = families === "4,6" || families === "6,4";
  return isPair || ipFamilyPolicy === "PreferDualStack";
}

function hostBits(family: number, bits: number): bigint {
  return BigInt((family === 4 ? 32 : 128) - bits);
}

describe("Reconciler, over ten thousand histories", () => {
  it("IPAM-7, IPAM-40, IPAM-50, IPAM-53, CTL-6, CTL-7, CTL-8, CTL-11, CTL-13: no address twice, none outside its pool, none leaked, none lost for nothing; at rest nothing is left to do", () => {
    for (let count = 0; count < histories; count++) new History(firstSeed + count * 7919).run();
  });

  it("with probes under way all of it holds too, no address is shown that nobody was asked for, and none is lost", () => {
    for (let count = 0; count < histories; count++) {
      new History(firstSeed + count * 7919, true).run();
    }
  });
});
