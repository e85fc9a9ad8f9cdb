/**
 * Answers in the kernel on `eth0` of the namespace that it is started in. Arguments: the limit of the heartbeat in
 * milliseconds, then the addresses. Says `ready`, or why not.
 */

import { parseAddress } from "../ip/index.ts";
import { KernelResponder, scanNetworkInterfaces } from "../platform/index.ts";

const [limit = "3000", ...texts] = process.argv.slice(2);
const eth0 = scanNetworkInterfaces().find(({ name }) => name === "eth0");
if (eth0?.mac === undefined) throw new Error("no interface eth0");
try {
  const responder = KernelResponder.open({ heartbeatLimitMs: Number(limit) });
  // Only the source of advertisements: nobody sends anything to it.
  const linkLocal = parseAddress("fe80::99");
  const troubles = responder.setInterfaces([{ ...eth0, mac: eth0.mac, linkLocal }]);
  for (const text of texts) {
    const ip = parseAddress(text);
    if (ip !== undefined) responder.announce(ip, "all");
  }
  setInterval(() => responder.beat(), Number(limit) / 5);
  process.stdout.write(troubles[0]?.error.message ?? "ready\n");
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
