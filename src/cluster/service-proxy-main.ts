/**
 * The lab's kube-proxy: `service-proxy-main.ts --config=FILE`. It reads kube-proxy's own
 * configuration at its start, and programs nftables in every mode.
 *
 * In mode ipvs it also puts every service address on a device kube-ipvs0, as kube-proxy does: that
 * is what makes `strictARP` matter (L2-190, L2-191), although nftables carries the traffic here too.
 * Left out: IPVS itself, iptables, UDP conntrack clean-up, hairpin, session affinity, health checks, and IPv6 addresses
 * on that device, for which no kernel would answer (L2-196).
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { objectKey, type EndpointSlice, type KubeObject, type Service } from "../kube/index.ts";
import { createLogger, Informer, KubeClient } from "../platform/index.ts";
import { refOf } from "./actions.ts";
import { proxyRules, serviceAddresses } from "./service-rules.ts";

interface ProxyConfiguration {
  mode?: string;
  ipvs?: { strictARP?: boolean };
  clientConnection?: { kubeconfig?: string };
}

const { values } = parseArgs({
  options: { config: { type: "string" }, "hostname-override": { type: "string", default: "" } },
});
const configuration = parse(readFileSync(values.config ?? "", "utf8")) as ProxyConfiguration;
const { mode = "", ipvs, clientConnection } = configuration;
const strictARP = ipvs?.strictARP === true;
const isIpvs = mode === "ipvs";
const device = "kube-ipvs0";
const logger = createLogger({ form: "modern" });
logger.info({ op: "startup", mode, strictARP, msg: "nftables carries the traffic in every mode" });
if (strictARP) run("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
if (isIpvs) {
  // A bridge without ports stands in for the dummy device, which not every kernel has.
  run(`ip link show ${device} >/dev/null 2>&1 && ip link delete ${device}; true`);
  run(`ip link add ${device} type bridge && ip link set ${device} arp off`);
}

let isPlanned = false;
let written = "";
let bound: string[] = [];
const client = KubeClient.fromEnvironment({
  kubeconfig: clientConnection?.kubeconfig,
  env: process.env,
});
const [services, slices] = [new Map<string, Service>(), new Map<string, EndpointSlice>()];
const informers = [follow("services", services), follow("endpointslices", slices)];
for (const informer of informers) informer.start();
/** Kube-proxy's health port: healthy means that the rules of this process are in force. */
createServer((request, response) => {
  request.resume();
  response.writeHead(written === "" ? 503 : 200).end();
}).listen(10_256);

function follow<T extends KubeObject>(plural: string, objects: Map<string, T>): Informer<T> {
  const onChange = (key: string, object: T | undefined): void => {
    if (object === undefined) objects.delete(key);
    else objects.set(key, object);
    plan();
  };
  return new Informer<T>(client, refOf(plural), { onChange, onSynced: plan });
}

function plan(): void {
  if (isPlanned) return;
  isPlanned = true;
  setTimeout(sync, 5);
}

/** Before both lists are whole nothing is written: the rules of the predecessor stay in force. */
function sync(): void {
  isPlanned = false;
  if (!informers.every(({ isSynced }) => isSynced)) return;
  const all = [...services.values()].sort((a, b) =>
    objectKey(a.metadata) < objectKey(b.metadata) ? -1 : 1,
  );
  const nodeName = values["hostname-override"];
  const rules = proxyRules({ nodeName, services: all, slices: [...slices.values()] });
  if (rules === written) return;
  try {
    run("nft -f -", rules);
    written = rules;
    if (isIpvs) bindAddresses(serviceAddresses(all));
    logger.info({ op: "sync", services: all.length });
  } catch (error) {
    logger.error({ op: "sync", error: String(error) });
    setTimeout(sync, 1000);
  }
}

function bindAddresses(wanted: string[]): void {
  const lines = [
    ...wanted.filter((address) => !bound.includes(address)).map((address) => `add ${address}`),
    ...bound.filter((address) => !wanted.includes(address)).map((address) => `del ${address}`),
  ];
  run("ip -batch -", lines.map((line) => `addr ${line}/32 dev ${device}\n`).join(""));
  bound = wanted;
}

function run(command: string, input = ""): void {
  execFileSync("sh", ["-c", command], { input, stdio: ["pipe", "ignore", "pipe"] });
}
