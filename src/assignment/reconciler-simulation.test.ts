/** Whole histories of a controller from one seed: late watches, lost answers, conflicts, restarts, changed pools. */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Service } from "../kube/index.ts";
import { compileConfigMap, findStrandedAddress, type ConfigOutcome } from "../config/index.ts";
import { Reconciler } from "./reconciler.ts";
import type { ReconcilerCommand, ReconcilerEvent } from "./reconciler-messages.ts";

const names = Array.from({ length: 8 }, (_, index) => `s${index}`);
interface Document {
  readonly text: string;
  /** Whether a controller that runs on it may take the address away. */
  readonly lacks: (ip: string) => boolean;
}

function documentOf(addresses: readonly string[], lacks: Document["lacks"]): Document {
  const list = JSON.stringify(addresses);
  return { text: `address-pools: [{name: lan, protocol: layer2, addresses: ${list}}]`, lacks };
}

/** Enough addresses for all services, in two ranges; each range alone, too small; and no good. */
const ample = documentOf(["192.0.2.1-192.0.2.6", "198.51.100.0/30"], () => false);
const documents = [
  ample,
  documentOf(["192.0.2.1-192.0.2.6"], (ip) => ip.startsWith("198.")),
  documentOf(["198.51.100.0/30"], (ip) => ip.startsWith("192.")),
  documentOf(["nonsense"], () => false),
] as const;

describe("Reconciler, over whole histories", () => {
  it("LC-20, CTL-7, CTL-8, CTL-13, IPAM-53: no address is held twice or changed, and at rest nothing is written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (seed) => new History(seed).run()),
      // The seed that once showed: a bad configuration, and a restart before a Service of another type was cleared.
      { numRuns: 400, examples: [[1_015_809]] },
    );
  });
});

/** An API server with its watch and its answers under way, and a controller that may be restarted. */
class History {
  #seed: number;
  #version = 0;
  #nowMs = 0;
  #reconciler = new Reconciler();
  readonly #stored = new Map<string, Service>();
  #config: Document = ample;
  /** What this controller has been told since its start. */
  #told: Document[] = [];
  /** What the controller has not received yet, in order. */
  #coming: (ReconcilerEvent | Document)[] = [];
  #writes: Extract<ReconcilerCommand, { kind: "writeStatus" }>[] = [];
  #writeCount = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  run(): void {
    this.#restart();
    for (let move = 0; move < 120; move++) {
      if (this.#chance() < 0.4) this.#userMoves();
      else this.#worldMoves();
      if (this.#chance() < 0.02) this.#settle();
    }
    // Peace: good pools for all, everything delivered, every retry due.
    this.#setConfig(ample);
    this.#settle();
    for (const service of this.#stored.values()) {
      const isServed = service.spec.type === "LoadBalancer";
      assert.equal(ipOf(service) !== undefined, isServed, `seed ${this.#seed}`);
    }
    const before = this.#writeCount;
    const shown = this.#addresses();
    this.#restart();
    this.#settle();
    assert.equal(this.#writeCount, before, "a restart at rest writes nothing");
    assert.deepEqual(this.#addresses(), shown);
  }

  #userMoves(): void {
    const name = names[Math.floor(this.#chance() * names.length)] ?? "";
    const what = this.#chance();
    if (what < 0.1) this.#setConfig(documents[Math.floor(this.#chance() * documents.length)]);
    else if (what < 0.4) this.#delete(name);
    else if (what < 0.55) this.#put(name, { type: "ClusterIP" });
    else this.#put(name, { type: "LoadBalancer" });
  }

  #worldMoves(): void {
    const what = this.#chance();
    if (what < 0.03) this.#restart();
    else if (what < 0.4) this.#answerWrite(this.#chance() < 0.3);
    else if (what < 0.9) this.#deliver();
    else this.#wake(this.#chance() * 100);
  }

  #put(name: string, spec: Service["spec"]): void {
    const known = this.#stored.get(name);
    // Who comes back before its old address was cleared may find it given to another: let it wait.
    const comesBack = known?.spec.type === "ClusterIP" && spec.type === "LoadBalancer";
    if (comesBack && ipOf(known) !== undefined) return;
    const metadata = { namespace: "d", name };
    const status = known?.status ?? {};
    this.#store({ metadata, spec: { clusterIP: "10.96.0.1", ...spec }, status });
  }

  #store(service: Service): Service {
    const { name } = service.metadata;
    const metadata = { ...service.metadata, resourceVersion: String(++this.#version) };
    const stored = { ...service, metadata };
    this.#stored.set(name, stored);
    this.#coming.push({ kind: "service", key: `d/${name}`, service: stored });
    return stored;
  }

  #delete(name: string): void {
    if (!this.#stored.delete(name)) return;
    this.#coming.push({ kind: "service", key: `d/${name}`, service: undefined });
  }

  #setConfig(document: Document = ample): void {
    this.#config = document;
    this.#told.push(document);
    this.#coming.push(document);
  }

  /** A new process: it lists what is stored, in any order of configuration and services. */
  #restart(): void {
    this.#reconciler = new Reconciler();
    this.#writes = [];
    const listed: (ReconcilerEvent | Document)[] = [...this.#stored.values()].map((service) => {
      return { kind: "service", key: `d/${service.metadata.name}`, service };
    });
    listed.push({ kind: "servicesListed" });
    const at = Math.floor(this.#chance() * (listed.length + 1));
    listed.splice(at, 0, this.#config);
    this.#coming = listed;
    this.#told = [this.#config];
  }

  #deliver(): void {
    const next = this.#coming.shift();
    if (next === undefined) return;
    // The document is checked against the addresses in use when it is looked at (LC-21).
    const isEvent = "kind" in next;
    this.#send(isEvent ? next : { kind: "config", outcome: outcomeOf(next, this.#reconciler) });
  }

  /** The API server decides by version; its answer may get lost on the way back. */
  #answerWrite(isLost: boolean): void {
    const write = this.#writes.shift();
    if (write === undefined) return;
    const { key, service } = write;
    const stored = this.#stored.get(service.metadata.name);
    if (stored === undefined || !isSameVersion(stored, service)) {
      this.#send({ kind: "writeFailed", key, error: "conflict" });
      return;
    }
    this.#writeCount++;
    const written = this.#store({ ...stored, status: service.status ?? {} });
    if (isLost) this.#send({ kind: "writeFailed", key, error: "the connection was cut" });
    else this.#send({ kind: "written", key, service: written });
  }

  /** An address that was shown is only taken away when the service or the pools want it no more. */
  #keepsPromise(after: Service): void {
    const before = this.#stored.get(after.metadata.name);
    if (before === undefined || !isSameVersion(before, after)) return;
    const shown = ipOf(before);
    if (before.spec.type !== "LoadBalancer" || shown === undefined) return;
    if (this.#told.some(({ lacks }) => lacks(shown))) return;
    assert.equal(ipOf(after), shown, `${before.metadata.name} (seed ${this.#seed})`);
  }

  #wake(ms: number): void {
    this.#nowMs += ms;
    this.#send({ kind: "wake" });
  }

  #settle(): void {
    for (let round = 0; round < 40; round++) {
      while (this.#coming.length > 0) this.#deliver();
      while (this.#writes.length > 0) this.#answerWrite(false);
      this.#wake(100_000);
    }
    assert.equal(this.#coming.length + this.#writes.length, 0, "it never comes to rest");
    // What another type still shows is nobody's: it is cleared as soon as a configuration is in force (LC-20).
    const holders = [...this.#stored.values()].filter(({ spec }) => spec.type === "LoadBalancer");
    const shown = holders.map(ipOf).filter((ip) => ip !== undefined);
    assert.equal(new Set(shown).size, shown.length, `an address twice: ${shown.join()}`);
  }

  #send(event: ReconcilerEvent): void {
    for (const command of this.#reconciler.step(event, this.#nowMs)) {
      if (command.kind !== "writeStatus") continue;
      this.#keepsPromise(command.service);
      this.#writes.push(command);
    }
  }

  #addresses(): Record<string, string | undefined> {
    return Object.fromEntries([...this.#stored].map(([name, service]) => [name, ipOf(service)]));
  }

  #chance(): number {
    this.#seed = (Math.imul(this.#seed ^ (this.#seed >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((this.#seed ^ (this.#seed >>> 13)) >>> 0) / 2 ** 32;
  }
}

function outcomeOf({ text }: Document, reconciler: Reconciler): ConfigOutcome {
  const result = compileConfigMap(text);
  if (!result.ok) return { kind: "refused", findings: result.findings };
  const isStranding = findStrandedAddress(result.config, reconciler.held()) !== undefined;
  if (isStranding) return { kind: "refused", findings: [] };
  return { kind: "accepted", config: result.config, warnings: [] };
}

function ipOf({ status }: Service): string | undefined {
  return status?.loadBalancer?.ingress?.[0]?.ip;
}

function isSameVersion(a: Service, b: Service): boolean {
  return a.metadata.resourceVersion === b.metadata.resourceVersion;
}
