/** Row `allocate`: the next address of pools of 1,024 to 1,048,576 addresses, empty to full, and a change of pools. */
import { spawnSync } from "node:child_process";
import { Allocator, type Claim } from "../src/allocator/index.ts";
import type { Pool } from "../src/config/index.ts";
import { parsePrefix, prefixLast, type IpAddress, type Prefix } from "../src/ip/index.ts";
import { percentile, printRow } from "./lib-numbers.ts";

/** The inputs are those of the reference's benchmark. */
const poolsOfOne = [
  "10.1.0.0/22",
  "10.2.0.0/19 10.2.32.0/21",
  "10.3.0.0/16",
  "10.16.0.0/12",
] as const;
const states = ["empty", "half", "last-free", "full", "full-share-last"] as const;
const samples = 2000;

/** `--reference FILE`: MetalLB's own benchmark (a Go test binary) to run after ours. */
export function run(args: string[]): Promise<void> {
  for (const prefixes of poolsOfOne) for (const state of states) nextAddress(prefixes, state);
  hugePools();
  changeOfPools(10_000);
  const at = args.indexOf("--reference");
  const file = args[at + 1];
  if (at >= 0 && file !== undefined) runReference(file);
  return Promise.resolve();
}

function nextAddress(text: string, state: (typeof states)[number]): void {
  const prefixes = prefixesOf(text);
  const size = prefixes.reduce((sum, one) => sum + Number(prefixLast(one) - one.first) + 1, 0);
  const fill = {
    empty: 0,
    half: size / 2,
    "last-free": size - 1,
    full: size,
    "full-share-last": size,
  };
  const isShared = state === "full-share-last";
  const allocator = allocatorWith(pool("p", prefixes));
  const beganMs = performance.now();
  fillUp(allocator, prefixes, { count: fill[state], isShared });
  const fillMs = performance.now() - beganMs;
  const mine = isShared ? { sharingKey: "mine", ports: ["TCP/81"] } : {};
  measure(allocator, mine, {
    pool: size,
    state,
    assign_fill_ns_per_op: Math.round((fillMs * 1e6) / Math.max(1, fill[state])),
  });
}

function fillUp(
  allocator: Allocator,
  prefixes: readonly Prefix[],
  { count, isShared }: { count: number; isShared: boolean },
): void {
  let index = 0;
  for (const { family, first, bits } of prefixes) {
    const last = prefixLast({ family, first, bits });
    for (let value = first; value <= last && index < count; value += 1n) {
      const sharingKey = isShared ? (index === count - 1 ? "mine" : "other") : "";
      const address: IpAddress = { family, value };
      if (!allocator.assign(claim(`ns/fill-${index}`, { sharingKey }), [address]).ok) {
        throw new Error(`address ${index} of the pool could not be assigned`);
      }
      index += 1;
    }
  }
}

/** A /8 and an IPv6 /64 with 10,000 services each: the size costs neither time nor memory. */
function hugePools(): void {
  for (const text of ["10.0.0.0/8", "2001:db8::/64"]) {
    const before = process.memoryUsage().heapUsed;
    const allocator = allocatorWith(pool("p", prefixesOf(text)));
    const families = text.includes(":") ? ([[6]] as const) : ([[4]] as const);
    for (let index = 0; index < 10_000; index++) allocator.allocate(claim(`ns/${index}`), families);
    const heap_kib = Math.round((process.memoryUsage().heapUsed - before) / 1024);
    measure(allocator, {}, { pool: text, state: "10,000 in use", heap_kib });
  }
}

/** Every pool new, then one of them changed, while as many services hold an address. */
function changeOfPools(count: number): void {
  const pools = Array.from({ length: count }, (_, index) =>
    pool(`p${index}`, prefixesOf(`10.${index >> 8}.${index & 255}.0/24`)),
  );
  const byName = new Map(pools.map((one) => [one.name, one]));
  const allocator = new Allocator();
  const timed = (state: string): void => {
    const beganMs = performance.now();
    allocator.setPools(byName);
    const ms = Math.round((performance.now() - beganMs) * 10) / 10;
    printRow({ experiment: "allocate", who: "ours", state, pools: count, holders: held, ms });
  };
  let held = 0;
  timed("all pools new");
  for (; held < count; held++) allocator.allocate(claim(`ns/${held}`), [[4]]);
  byName.set("p0", pool("p0", prefixesOf("10.0.0.0/25")));
  timed("one pool changed");
  for (const { name, prefixes } of pools)
    byName.set(name, { ...pool(name, prefixes), avoidBuggyIps: true });
  timed("all pools changed");
}

function measure(
  allocator: Allocator,
  mine: Partial<Claim>,
  row: Record<string, string | number>,
): void {
  const family = String(row["pool"]).includes(":") ? ([[6]] as const) : ([[4]] as const);
  const found: number[] = [];
  let ok = 0;
  for (let index = 0; index < samples; index++) {
    const one = claim(`ns/new-${index}`, mine);
    const beganMs = performance.now();
    if (allocator.allocate(one, family).ok) ok += 1;
    found.push((performance.now() - beganMs) * 1000);
    allocator.unassign(one.service);
  }
  const [p50_us, p99_us] = [percentile(found, 0.5), percentile(found, 0.99)];
  printRow({ experiment: "allocate", who: "ours", ...row, p50_us, p99_us, ok, n: samples });
}

function allocatorWith(one: Pool): Allocator {
  const allocator = new Allocator();
  allocator.setPools(new Map([[one.name, one]]));
  return allocator;
}

function pool(name: string, prefixes: readonly Prefix[]): Pool {
  const rest = { autoAssign: true, avoidBuggyIps: false };
  return { name, prefixes, ...rest, l2Advertisements: [], bgpAdvertisements: [] };
}

function prefixesOf(text: string): Prefix[] {
  return text.split(" ").map((one) => parsePrefix(one) as Prefix);
}

function claim(service: string, rest: Partial<Claim> = {}): Claim {
  const terms = { sharingKey: "", backendKey: "", ports: ["TCP/80"] };
  return { service, namespace: "ns", labels: {}, ...terms, ...rest };
}

function runReference(file: string): void {
  const words = ["-test.run", "TestBLAlloc", "-test.v", "-test.timeout", "2h"];
  const { stdout, status } = spawnSync(file, words, { encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${file} ended with status ${status}`);
  for (const line of stdout.split("\n")) {
    if (!line.startsWith("{")) continue;
    const { pool = 0, state = "", p50 = 0, p99 = 0, ok = 0, n = 0 } = JSON.parse(line) as GoRow;
    const row = { pool, state, p50_us: p50, p99_us: p99, ok, n };
    printRow({ experiment: "allocate", who: "metallb-0.16.1", ...row });
  }
}

/** A line of the reference's benchmark; times in microseconds. */
interface GoRow {
  pool?: number;
  state?: string;
  p50?: number;
  p99?: number;
  ok?: number;
  n?: number;
}
