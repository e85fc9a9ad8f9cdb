/** The explanation for people, from the request down to the nodes. */
import type { Explanation } from "../plan/index.ts";
import { painter, type Output } from "./output.ts";
import { findingLines } from "./plan-text.ts";
import type { MovesAnswer } from "./read-moves.ts";
import type { WireAnswer } from "./read-wire.ts";
import { printable, textTable } from "./text-table.ts";

/** What a cluster tells of the Service's past and present; undefined where none was asked. */
export interface Told {
  readonly wire: WireAnswer;
  readonly moves: MovesAnswer;
}

export function explainText(found: Explanation, told: Told | undefined, output: Output): string {
  const paint = painter(output);
  const { service, ips, pool, reason } = found;
  const has = ips.length === 0 ? "has no address" : `has ${ips.join(", ")}`;
  const from = pool === null ? "" : ` from pool ${pool}`;
  const title = (text: string): string[] => ["", paint("bold", text)];
  const lines = [
    paint("bold", printable(`${service} ${has}${from}`)),
    printable(`  ${reason}`),
    ...title("Asked for"),
    ...indented(requestLines(found)),
    ...section(title("Pools, in the order of trial, as if it held nothing"), poolLines(found)),
    ...section(title("Who holds addresses of these pools"), holderLines(found)),
    ...section(title("Shares its address with"), found.sharesWith),
    ...section(title("Layer 2"), layer2Lines(found)),
    ...section(title("On the wire"), told === undefined ? [] : wireLines(found, told.wire)),
    ...section(title("Moved lately"), told === undefined ? [] : moveLines(found, told.moves)),
    ...section(title("BGP"), bgpLines(found)),
    ...section(title("Findings"), findingLines(found.findings, paint)),
  ];
  return `${lines.join("\n")}\n`;
}

function requestLines({ request, shown }: Explanation): string[] {
  const { type, clusterIPs, ipFamilyPolicy, externalTrafficPolicy } = request;
  const rows = [
    ["type", type],
    ["cluster IPs", clusterIPs.join(", ") || "none"],
    ["ipFamilyPolicy", ipFamilyPolicy],
    ["externalTrafficPolicy", externalTrafficPolicy],
    ["loadBalancerClass", request.loadBalancerClass ?? "none"],
    ...(request.loadBalancerIP === null ? [] : [["loadBalancerIP", request.loadBalancerIP]]),
    ...Object.entries(request.annotations),
    ["status shows", shown.join(", ") || "no address"],
  ];
  return textTable(rows);
}

function poolLines({ pools }: Explanation): string[] {
  return textTable(pools.map(({ pool, answer }) => [pool, answer]));
}

function holderLines({ holders }: Explanation): string[] {
  return textTable(holders.map(({ pool, ip, service }) => [pool, ip, service]));
}

function layer2Lines({ l2 }: Explanation): string[] {
  return Object.entries(l2).flatMap(([ip, { node, interfaces, candidates }]) => {
    const where = interfaces.length === 0 ? "" : ` on ${interfaces.join(", ")}`;
    const head = `${ip} is announced by ${node ?? "nobody"}${node === null ? "" : where}`;
    const rows = candidates.map(({ rank, node: name, reason, links }) => {
      const told = links === undefined ? [] : [`[${links.join("  ") || "no interface"}]`];
      return [String(rank ?? "-"), name, reason, ...told];
    });
    return [printable(head), ...indented(textTable(rows))];
  });
}

function moveLines({ l2, shown }: Explanation, answer: MovesAnswer): string[] {
  if (shown.length === 0) return [];
  if ("unknown" in answer) return [printable(`not known: ${answer.unknown}`)];
  if (answer.moves.length === 0)
    return ["no event tells of a move; Kubernetes keeps events for an hour"];
  const lines = answer.moves.map(({ at, message, oneOf }) => {
    const many = oneOf === undefined ? "" : "one of many: ";
    return printable(`${at}  ${many}${message}`);
  });
  const planned = Object.values(l2)[0]?.node ?? null;
  const now = answer.moves[0]?.to;
  if (planned === null || now === planned) return lines;
  const why = "the speakers' ring may know more than Node objects tell: see metallb members";
  return [...lines, printable(`it went to ${now} last, not to ${planned} as above: ${why}`)];
}

function wireLines({ l2 }: Explanation, answer: WireAnswer): string[] {
  const isAnnounced = Object.keys(l2).length > 0;
  if ("unknown" in answer) return isAnnounced ? [printable(`not known: ${answer.unknown}`)] : [];
  const { conditions, events } = answer;
  if (!isAnnounced && events.length === 0) return [];
  if (conditions.length === 0 && events.length === 0) {
    return ["nothing is told: see the page /wire of the speakers"];
  }
  const rows = conditions.map((one) => {
    const { type, status, reason, message, lastTransitionTime } = one;
    return [type, status, reason, `${message} (since ${lastTransitionTime})`];
  });
  const news = events.map(({ at, reason, message }) => `${at}  ${reason}: ${message}`);
  return [...textTable(rows), ...news.map(printable)];
}

function bgpLines({ bgp, bgpNodes }: Explanation): string[] {
  const nodes = textTable(
    bgpNodes.map(({ node, advertises, reason }) => [node, advertises ? "yes" : "no", reason]),
  );
  const routes = bgp.map((one) => [
    `${one.prefix} from ${one.node} to ${one.peer}`,
    `localPref ${one.localPref}`,
    `communities ${[...one.communities, ...one.largeCommunities].join(" ") || "none"}`,
    `next hop ${one.nextHop ?? "of the session"}`,
  ]);
  return [...nodes, ...textTable(routes)];
}

function section(title: readonly string[], lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...title, ...indented(lines)];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
