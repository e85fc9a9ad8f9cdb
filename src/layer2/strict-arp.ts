/** The trap of kube-proxy's IPVS mode: without strict ARP the kernel of every node answers for every service (L2-190). */
import { type NetworkInterface, planInterfaces } from "./interface-plan.ts";

/** The device on which kube-proxy puts the service addresses. */
const IPVS_DEVICE = "kube-ipvs0";

/**
 * What to tell when the kernel would answer beside us (L2-198), or undefined. `arpIgnore` reads the setting of an
 * interface or of `all`, of which the greater one counts; undefined where it cannot be read.
 */
export function strictArpAdvice(
  interfaces: readonly NetworkInterface[],
  arpIgnore: (name: string) => number | undefined,
): string | undefined {
  if (!interfaces.some(({ name }) => name === IPVS_DEVICE)) return undefined;
  const ofAll = arpIgnore("all");
  const lax = planInterfaces(interfaces).arp.filter(({ name }) => {
    const own = arpIgnore(name);
    return ofAll !== undefined && own !== undefined && Math.max(ofAll, own) < 1;
  });
  if (lax.length === 0) return undefined;
  const names = lax.map(({ name }) => name).join(", ");
  return (
    `${IPVS_DEVICE} exists and arp_ignore is 0 on ${names}: this node's kernel answers ARP for every service address, ` +
    "whoever announces it; set ipvs.strictARP: true in ConfigMap kube-system/kube-proxy and restart kube-proxy's pods"
  );
}
