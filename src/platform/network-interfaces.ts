/** The network interfaces of this machine and their changes: from netlink, or by scanning where it is not allowed. */

import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { basename, join } from "node:path";
import { formatMac, parseMac } from "../ip/index.ts";
import type { NetworkInterface } from "../layer2/index.ts";
import { interfaceOfFlags } from "./interface-table.ts";
import { NetlinkWatcher } from "./netlink.ts";

const SCAN_PERIOD_MS = 10_000;
const SYSFS = "/sys/class/net";

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
  const addresses = networkInterfaces();
  return readdirSync(SYSFS).flatMap((name) => {
    try {
      return [readInterface(name, addresses[name]?.map(({ address }) => address) ?? [])];
    } catch {
      // It vanished between the listing and the reading, or cannot be checked: L2-81 skips it.
      return [];
    }
  });
}

function readInterface(name: string, addresses: string[]): NetworkInterface {
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
    addresses,
  };
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
