/** ClusterIPs and node ports: which are taken, and the choice of a free one. */
import { type Cause, fieldError, unless } from "../schema/index.ts";
import { invalid } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import {
  formatAddress,
  formatPrefix,
  parseAddress,
  parsePrefix,
  prefixContains,
  prefixSize,
  type Prefix,
} from "../ip/index.ts";
import type { Resource } from "./resource.ts";
import { needsHealthCheckPort } from "./service-rules.ts";
import type { Store } from "./store.ts";

const FIRST_NODE_PORT = 30_000;
const LAST_NODE_PORT = 32_767;
/** Ports below it stay for those who ask for one by number, as long as others are free. */
const FIRST_DYNAMIC_NODE_PORT = 30_086;

type Spec = ApiObject["spec"];

/** Hands out addresses of the service ranges and node ports; what is taken is read from the stored services. */
export class ServiceAddresses {
  readonly #ranges: Prefix[];
  readonly #owners = new Map<string, string>();
  readonly #next = new Map<Prefix, bigint>();
  #nextPort = FIRST_DYNAMIC_NODE_PORT;

  /** `cidrs` is one range, or one a family joined by a comma. Throws when one of them is none. */
  constructor(cidrs: string, store: Store) {
    this.#ranges = cidrs.split(",").map((text) => {
      const range = parsePrefix(text.trim());
      if (range) return range;
      throw new Error(`serviceCidr ${text}: no address range; write it like 10.96.0.0/16`);
    });
    for (const service of store.list("/services")) this.#take(service);
    store.subscribe(({ resource, type, object, previous }) => {
      if (resource !== "/services") return;
      if (previous) this.#release(previous);
      if (type !== "DELETED") this.#take(object);
    });
    store.onUndone(({ resource, object, previous }) => {
      if (resource !== "/services") return;
      this.#release(object);
      if (previous) this.#take(previous);
    });
  }

  /** The first address of the first range, which belongs to the service "kubernetes". */
  get first(): string {
    const range = this.#ranges[0]!;
    return formatAddress({ family: range.family, value: range.first + 1n });
  }

  /** The service with every address and port that its type needs. Throws 422 for what cannot be had. */
  allocate(resource: Resource, service: ApiObject, old: ApiObject | undefined): ApiObject {
    const spec = { ...service.spec };
    const causes: Cause[] = [];
    if (old) this.#release(old);
    try {
      if (spec.type !== "ExternalName") this.#clusterIps(spec, causes);
      this.#nodePorts(spec, causes);
    } finally {
      if (old) this.#take(old);
    }
    if (causes.length > 0) throw invalid(resource, service.metadata.name, causes);
    const allocated = { ...service, spec };
    // Taken at once: other writes of this turn must not get the same.
    this.#take(allocated);
    return allocated;
  }

  #clusterIps(spec: Spec, causes: Cause[]): void {
    if (spec.clusterIP === "None") return this.#headless(spec);
    const families = this.#families(spec, causes);
    if (causes.length > 0) return;
    const given = givenAddresses(spec);
    const addresses = families.map((range, at) => this.#clusterIp(range, given[at], at, causes));
    spec.clusterIP = addresses[0];
    spec.clusterIPs = addresses;
    spec.ipFamilies = families.map(({ family }) => `IPv${family}`);
    spec.ipFamilyPolicy ??= "SingleStack";
  }

  #headless(spec: Spec): void {
    spec.clusterIPs = ["None"];
    const bare = Object.keys(spec.selector ?? {}).length === 0;
    spec.ipFamilyPolicy ??= bare ? "RequireDualStack" : "SingleStack";
    const first = `IPv${this.#ranges[0]!.family}`;
    const both = first === "IPv4" ? ["IPv4", "IPv6"] : ["IPv6", "IPv4"];
    spec.ipFamilies ??= spec.ipFamilyPolicy === "SingleStack" ? [first] : both;
  }

  /** The ranges to take addresses from, one a family, in the order asked for. */
  #families(spec: Spec, causes: Cause[]): Prefix[] {
    const given = givenAddresses(spec);
    const malformed = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
    for (const [at, text] of given.entries()) {
      const cause = fieldError.invalid(`spec.clusterIPs[${at}]`, text, malformed);
      causes.push(...unless(parseAddress(text), cause));
    }
    if (causes.length > 0) return [];
    const named: string[] = spec.ipFamilies ?? [];
    const wanted =
      named.length > 0 ? named : given.map((text) => `IPv${parseAddress(text)!.family}`);
    const ranges = wanted.flatMap((family, at) => {
      const range = this.#ranges.find((one) => `IPv${one.family}` === family);
      const why = "not configured on this cluster";
      causes.push(...unless(range, fieldError.invalid(`spec.ipFamilies[${at}]`, family, why)));
      return range ?? [];
    });
    return this.#underPolicy(ranges.length > 0 ? ranges : [this.#ranges[0]!], spec, causes);
  }

  #underPolicy(ranges: Prefix[], { ipFamilyPolicy: policy }: Spec, causes: Cause[]): Prefix[] {
    if (ranges.length > 1 || !policy?.endsWith("DualStack")) return ranges;
    const other = this.#ranges.find(({ family }) => family !== ranges[0]!.family);
    if (other) return [...ranges, other];
    if (policy === "RequireDualStack") {
      const why = "this cluster is not configured for dual-stack services";
      causes.push(fieldError.invalid("spec.ipFamilyPolicy", policy, why));
    }
    return ranges;
  }

  #clusterIp(range: Prefix, given: string | undefined, at: number, causes: Cause[]): string {
    const address = given ? parseAddress(given) : undefined;
    if (!given || !address) return this.#freeAddress(range, causes);
    const text = formatAddress(address);
    const why = !prefixContains(range, address)
      ? "the provided network does not match the current range"
      : this.#owners.has(text)
        ? "provided IP is already allocated"
        : undefined;
    const field = at === 0 ? "spec.clusterIPs" : `spec.clusterIPs[${at}]`;
    if (why)
      causes.push(fieldError.invalid(field, [given], `failed to allocate IP ${text}: ${why}`));
    return text;
  }

  /** The next free address behind the last one given; the low 256 stay for those who ask for one by name. */
  #freeAddress(range: Prefix, causes: Cause[]): string {
    const size = prefixSize(range);
    const lowest = size > 1024n ? 256n : 1n;
    let offset = this.#next.get(range) ?? lowest;
    for (let tries = 0n; tries < size; tries++) {
      if (offset >= size - 1n) offset = lowest;
      const text = formatAddress({ family: range.family, value: range.first + offset++ });
      if (this.#owners.has(text)) continue;
      this.#next.set(range, offset);
      return text;
    }
    const why = `failed to allocate a serviceIP: range ${formatPrefix(range)} is full`;
    causes.push(fieldError.invalid("spec.clusterIPs", [], why));
    return "";
  }

  #nodePorts(spec: Spec, causes: Cause[]): void {
    const own = new Set<string>();
    const wants =
      spec.type === "NodePort" ||
      (spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts);
    const withPort = (port: { nodePort?: number; protocol: string }, at: number) => {
      const { nodePort, protocol } = port;
      if (!nodePort && !wants) return port;
      const chosen = nodePort || this.#freePort(protocol, own);
      own.add(`${protocol}:${chosen}`);
      if (nodePort)
        causes.push(...this.#portErrors(nodePort, protocol, `spec.ports[${at}].nodePort`));
      return { ...port, nodePort: chosen };
    };
    spec.ports = spec.ports?.map(withPort);
    if (spec.ports === undefined) delete spec.ports;
    if (needsHealthCheckPort(spec)) spec.healthCheckNodePort ||= this.#freePort("TCP", own);
  }

  #portErrors(port: number, protocol: string, field: string): Cause[] {
    if (port < FIRST_NODE_PORT || port > LAST_NODE_PORT) {
      const range = `The range of valid ports is ${FIRST_NODE_PORT}-${LAST_NODE_PORT}`;
      return [fieldError.invalid(field, port, `provided port is not in the valid range. ${range}`)];
    }
    const isTaken = this.#owners.has(`${protocol}:${port}`);
    return unless(!isTaken, fieldError.invalid(field, port, "provided port is already allocated"));
  }

  #freePort(protocol: string, own: ReadonlySet<string>): number {
    for (let tries = FIRST_NODE_PORT; tries <= LAST_NODE_PORT; tries++) {
      const port = this.#nextPort++;
      if (this.#nextPort > LAST_NODE_PORT) this.#nextPort = FIRST_NODE_PORT;
      if (!this.#owners.has(`${protocol}:${port}`) && !own.has(`${protocol}:${port}`)) return port;
    }
    throw new Error(
      `all node ports ${FIRST_NODE_PORT}-${LAST_NODE_PORT} are taken; delete a service`,
    );
  }

  #take(service: ApiObject): void {
    for (const key of takenBy(service)) this.#owners.set(key, service.metadata.uid);
  }

  #release(service: ApiObject): void {
    for (const key of takenBy(service)) {
      if (this.#owners.get(key) === service.metadata.uid) this.#owners.delete(key);
    }
  }
}

function givenAddresses(spec: Spec): string[] {
  return spec.clusterIPs ?? (spec.clusterIP ? [spec.clusterIP] : []);
}

function takenBy({ spec }: ApiObject): string[] {
  const ports = (spec.ports ?? []) as { nodePort?: number; protocol: string }[];
  return [
    ...((spec.clusterIPs ?? []) as string[]).filter((address) => address !== "None"),
    ...ports
      .filter(({ nodePort }) => nodePort)
      .map(({ nodePort, protocol }) => `${protocol}:${nodePort}`),
    ...(spec.healthCheckNodePort ? [`TCP:${spec.healthCheckNodePort}`] : []),
  ];
}
