/**
 * The lab's kube-proxy: `service-proxy-main.ts --config=FILE`. It reads kube-proxy's own
 * configuration at its start, and programs nftables in every mode.
 *
 * In mode ipvs it also puts every service address on a device kube-ipvs0, as kube-proxy does: that
 * is what makes `strictARP` matter (L2-190, L2-191), although nftables carries the traffic here too.
 * Left out: IPVS itself, iptables, UDP conntrack clean-up, hairpin, session affinity, health checks, IPv6.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import type { EndpointSlice, Service } from "../kube/index.ts";
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
const logger = createLogger({ form: "modern" });
const configuration = parse(readFileSync(values.config ?? "", "utf8")) as ProxyConfiguration;
const { mode = "", ipvs, clientConnection } = configuration;
const isIpvs = mode === "ipvs";
const device = "kube-ipvs0";

logger.info({
  op: "startup",
  mode,
  strictARP: ipvs?.strictARP === true,
  msg: isIpvs
    ? "this kernel's IPVS is not used: nftables carries the traffic, kube-ipvs0 has the addresses"
    : "using nftables",
});
if (ipvs?.strictARP) {
  const settings = ["net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"];
  execFileSync("sysctl", ["-qw", ...settings]);
  logger.info({ op: "strictARP", msg: `set ${settings.join(", ")}` });
}
if (isIpvs) makeDevice();

const client = KubeClient.fromEnvironment({
  kubeconfig: clientConnection?.kubeconfig,
  env: process.env,
});
const services = new Informer<Service>(client, refOf("services"), watching());
const slices = new Informer<EndpointSlice>(client, refOf("endpointslices"), watching());
/** Kube-proxy's health port: healthy means that the rules of this process are in force. */
createServer((request, response) => {
  request.resume();
  response.writeHead(written === "" ? 503 : 200).end();
}).listen(10_256);
let isPlanned = false;
let written = "";
services.start();
slices.start();

function watching() {
  const onChange = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    setTimeout(sync, 5);
  };
  return { onChange, onSynced: onChange };
}

/** Before both lists are whole nothing is written: the rules of the predecessor stay in force. */
function sync(): void {
  isPlanned = false;
  if (!services.isSynced || !slices.isSynced) return;
  const all = [...services.items()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  const rules = proxyRules({
    nodeName: values["hostname-override"],
    services: all,
    slices: [...slices.items()],
  });
  if (rules === written) return;
  try {
    execFileSync("nft", ["-f", "-"], { input: rules, stdio: ["pipe", "ignore", "pipe"] });
    written = rules;
    if (isIpvs) bindAddresses(serviceAddresses(all));
    logger.info({ op: "sync", services: all.length });
  } catch (error) {
    logger.error({ op: "sync", error: String(error) });
    setTimeout(sync, 1000);
  }
}

function key({ metadata }: Service): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** A bridge without ports stands in for the dummy device, which not every kernel has. */
function makeDevice(): void {
  try {
    execFileSync("ip", ["link", "show", device], { stdio: "ignore" });
  } catch {
    execFileSync("ip", ["link", "add", device, "type", "bridge"]);
    execFileSync("ip", ["link", "set", device, "arp", "off"]);
  }
}

function bindAddresses(wanted: string[]): void {
  const text = execFileSync("ip", ["-4", "-json", "addr", "show", "dev", device], {
    encoding: "utf8",
  });
  const links = JSON.parse(text) as { addr_info?: { local?: string }[] }[];
  const bound = links.flatMap((link) => (link.addr_info ?? []).map(({ local = "" }) => local));
  const change = (verb: string, from: string[], but: string[]) => {
    for (const address of from.filter((a) => a !== "" && !but.includes(a))) {
      execFileSync("ip", ["addr", verb, `${address}/32`, "dev", device]);
    }
  };
  change("add", wanted, bound);
  change("del", bound, wanted);
}
