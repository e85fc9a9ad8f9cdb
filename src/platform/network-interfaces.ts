/** The network interfaces of this machine and their changes: from netlink, or by scanning where it is not allowed. */

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { basename, join } from "node:path";
import {
  addressFromBytes,
  formatAddress,
  formatMac,
  formatPrefix,
  parseMac,
  parsePrefix,
} from "../ip/index.ts";
import type { NetworkInterface } from "../layer2/index.ts";
import { interfaceOfFlags } from "./interface-table.ts";
import { NetlinkWatcher } from "./netlink.ts";
import { isTentative } from "./netlink-messages.ts";

const SCAN_PERIOD_MS = 10_000;
const SYSFS = "/sys/class/net";
/** Unlike Node's own list it tells which addresses may be used yet. */
const IPV6_ADDRESSES = "/proc/net/if_inet6";

export interface InterfaceWatchOptions {
  /** All interfaces: once at the start, and after each change (when scanning: each 10 s). */
  readonly onChange: (interfaces: readonly NetworkInterface[]) => void;
  /** Netlink cannot be used; we scan from now on. */
  readonly onFallback: (error: Error) => void;
}

/** Starts watching; the result stops it. */
export function watchNetworkInterfaces(options: InterfaceWatchOptions): { close(): void } {
  const opened: { close(): void }[] = [];
  const fallBack = (error: Error): void => {
    options.onFallback(error);
    opened.push(scanPeriodically(options.onChange));
  };
  try {
    opened.push(new NetlinkWatcher({ onChange: options.onChange, onFailure: fallBack }));
  } catch (error) {
    fallBack(error as Error);
  }
  return {
    close: () => {
      for (const watcher of opened) watcher.close();
    },
  };
}

function scanPeriodically(onScan: InterfaceWatchOptions["onChange"]): { close(): void } {
  const scan = (): void => onScan(scanNetworkInterfaces());
  const timer = setInterval(scan, SCAN_PERIOD_MS);
  const first = setImmediate(scan);
  return {
    close: () => {
      clearInterval(timer);
      clearImmediate(first);
    },
  };
}

/** All interfaces as sysfs shows them, also those that are down or have no address (L2-211). */
export function scanNetworkInterfaces(): NetworkInterface[] {
  const ipv4 = networkInterfaces();
  const ipv6 = readIpv6Addresses();
  return readdirSync(SYSFS).flatMap((name) => {
    const known = ipv4[name]?.filter(({ family }) => family === "IPv4") ?? [];
    const addresses = known.map(({ cidr, address }) => cidr ?? `${address}/32`);
    try {
      return [readInterface(name, [...addresses, ...(ipv6.get(name) ?? [])])];
    } catch {
      // It vanished between the listing and the reading, or cannot be checked: L2-81 skips it.
      return [];
    }
  });
}

/** By name of the interface, as `address/length`, without tentative ones; none where the kernel has no IPv6. */
function readIpv6Addresses(): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  let table: string;
  try {
    table = readFileSync(IPV6_ADDRESSES, "utf8");
  } catch {
    return byName;
  }
  // Address in hexadecimal, index, length of the prefix, scope, flags, name.
  const line = /^([0-9a-f]{32}) +\S+ +([0-9a-f]+) +\S+ +([0-9a-f]+) +(\S+)$/gm;
  for (const [, digits = "", bits = "", flags = "", name = ""] of table.matchAll(line)) {
    const address = addressFromBytes(Buffer.from(digits, "hex"));
    if (address === undefined || isTentative(Number.parseInt(flags, 16))) continue;
    const text = `${formatAddress(address)}/${Number.parseInt(bits, 16)}`;
    byName.set(name, [...(byName.get(name) ?? []), text]);
  }
  return byName;
}

/** `addresses`: each as `address/length`. */
function readInterface(name: string, addresses: readonly string[]): NetworkInterface {
  const read = (file: string): string => readFileSync(join(SYSFS, name, file), "utf8").trim();
  const mac = parseMac(read("address"));
  const masterIndex = indexOfMaster(name);
  return {
    ...interfaceOfFlags(Number(read("flags"))),
    index: Number(read("ifindex")),
    name,
    ...(mac !== undefined && { mac: formatMac(mac) }),
    ...(masterIndex !== undefined && { masterIndex }),
    operState: read("operstate"),
    addresses: addresses.map((text) => text.slice(0, text.indexOf("/"))),
    subnets: [...new Set(addresses.flatMap(subnetOf))],
  };
}

function subnetOf(address: string): string[] {
  const prefix = parsePrefix(address);
  return prefix === undefined ? [] : [formatPrefix(prefix)];
}

/** `master` is a link to the device that this interface belongs to; most have none. */
function indexOfMaster(name: string): number | undefined {
  let master: string;
  try {
    master = basename(realpathSync(join(SYSFS, name, "master")));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return Number(readFileSync(join(SYSFS, master, "ifindex"), "utf8"));
}

/** The kernel's setting `arp_ignore` of an interface or of `all`; undefined where it cannot be read. */
export function readArpIgnore(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/conf/${name}/arp_ignore`, "utf8"));
  } catch {
    return undefined;
  }
}
