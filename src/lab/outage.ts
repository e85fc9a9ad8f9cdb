/** Cuts a node's power and measures, from a client on the LAN, how long an address is not served. */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lab } from "./lab.ts";
import type { Sighting } from "./outage-probe.ts";

export interface Outage {
  readonly node: string;
  /** From the cut to the first connection that stands again. */
  readonly totalMs: number;
  /** Another speaker has noticed and decided, and its first unasked announcement reaches the client. */
  readonly announcedMs: number;
  /** The first connection through the new node stands. */
  readonly servedMs: number;
  /** MAC of the node that took over. */
  readonly newMac: string;
}

const probe = fileURLToPath(new URL("outage-probe.ts", import.meta.url));
const limitMs = 30_000;

/** The two parts add up to the total. Throws when the address is not served within 30 s. */
export async function measureOutage(
  lab: Lab,
  { node, address, port }: { node: string; address: string; port: number },
): Promise<Outage> {
  const oldMac = lab.topology.nodes.find(({ name }) => name === node)?.mac ?? "";
  const argv = [process.execPath, "--disable-warning=ExperimentalWarning", probe];
  const child = lab.spawn("client", [...argv, address, String(port)], {
    stdio: ["pipe", "pipe", "inherit"], // the probe ends when its input does
  });
  const seen: Sighting[] = [];
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const timer = setTimeout(() => child.stdin?.end(), limitMs);
  let cutAt: number | undefined;
  try {
    for await (const line of lines) {
      seen.push(JSON.parse(line) as Sighting);
      if (cutAt === undefined && isServed(seen)) {
        cutAt = Date.now();
        await lab.cutPower(node);
      }
      const outage = cutAt === undefined ? undefined : splitOutage(seen, { node, oldMac, cutAt });
      if (outage) return outage;
    }
  } finally {
    clearTimeout(timer);
    child.stdin?.end();
  }
  throw new Error(`${address}:${port} was not served again within ${limitMs / 1000} s`);
}

function isServed(seen: readonly Sighting[]): boolean {
  return seen.some(({ kind }) => kind === "opened");
}

/** Undefined until the probe has seen both: a new announcer, and then a connection. */
export function splitOutage(
  seen: readonly Sighting[],
  { node, oldMac, cutAt }: { node: string; oldMac: string; cutAt: number },
): Outage | undefined {
  const after = (ms: number) => seen.filter(({ at }) => at >= ms);
  const isNews = ({ kind, what }: Sighting) => kind === "announced" && what !== oldMac;
  const announced = after(cutAt).find(isNews);
  if (!announced) return undefined;
  const served = after(announced.at).find(({ kind }) => kind === "opened");
  if (!served) return undefined;
  return {
    node,
    totalMs: served.at - cutAt,
    announcedMs: announced.at - cutAt,
    servedMs: served.at - announced.at,
    newMac: announced.what,
  };
}
