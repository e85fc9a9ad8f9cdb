/** The conditions of a ServiceL2Status that tell what is seen on the wire, and the same words for people. */
import { formatAddress, type MacAddress } from "../ip/index.ts";
import type { Subject } from "./assignments.ts";
import type { Answer, Finding, WhyUnknown } from "./finding.ts";

/** One condition, without its time. */
export interface WireCondition {
  readonly type: "Announced" | "Seen" | "Conflict";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

const whyUnknown: Readonly<Record<WhyUnknown, readonly [reason: string, text: string]>> = {
  alone: ["NoOtherSpeaker", "there is no other speaker to ask for it, and no node hears itself"],
  apart: ["NoSharedNetwork", "the speaker that asks shares no network with the owner"],
  silent: [
    "OwnerSilent",
    "nobody answers where the owner node did for its own address, which it no longer does: it or the asker is cut " +
      "off, or something between them filters broadcasts or multicasts",
  ],
  stranger: ["OwnerNotRecognised", "answers, but where the owner's own address is not answered"],
};

/** Of several addresses the worst decides. */
const order = ["wrong", "two", "nobody", "unknown", "yes"] as const;
const words = {
  wrong: ["False", "AnotherAnswers"],
  two: ["False", "TwoAnswer"],
  nobody: ["False", "NobodyAnswers"],
  yes: ["True", "OwnerAnswers"],
} as const;

/** That the owner announces the service, and why it does where the order alone does not say so. */
export function announcedBy({ owner, standing }: Subject): WireCondition {
  const [reason, why] = standing ?? ["Announcing"];
  const message = `node "${owner}" announces it${why === undefined ? "" : ` ${why}`}`;
  return { type: "Announced", status: "True", reason, message };
}

/** What is found where there is no other speaker than the owner and no machine that should not answer, unasked. */
export function seenByNobodyElse({ ips, owner }: Subject): WireCondition | undefined {
  const alone: Finding = { seen: "unknown", why: "alone", answers: [], strangers: [] };
  return seenOfService(
    owner,
    ips.map((ip) => [formatAddress(ip), alone]),
  );
}

/** The node whose MAC address it is; undefined: nobody's that we know. */
export type NodeWith = (mac: MacAddress) => string | undefined;

/** `findings`: of the service's addresses as far as they are known; undefined: none is. */
export function seenOfService(
  owner: string,
  findings: readonly (readonly [ip: string, finding: Finding])[],
  nodeWith?: NodeWith,
): WireCondition | undefined {
  const [worst] = [...findings].sort(
    ([, a], [, b]) => order.indexOf(a.seen) - order.indexOf(b.seen),
  );
  if (worst === undefined) return undefined;
  const { seen, why } = worst[1];
  const message = findings
    .map(([ip, finding]) => findingText(ip, owner, finding, nodeWith))
    .join("; ");
  if (seen !== "unknown") {
    const [status, reason] = words[seen];
    return { type: "Seen", status, reason, message };
  }
  return { type: "Seen", status: "Unknown", reason: whyUnknown[why ?? "alone"][0], message };
}

/** One address in a sentence. */
export function findingText(
  ip: string,
  owner: string,
  finding: Finding,
  nodeWith: NodeWith = () => undefined,
): string {
  const { seen, why } = finding;
  const own = macsOf(finding.answers);
  const others =
    macsOf(finding.strangers, nodeWith) || "others, each time with another MAC address,";
  switch (seen) {
    case "yes":
      return `${ip} is answered by ${own}`;
    case "nobody":
      return `nobody answers for ${ip}, though node "${owner}" answers for its own address`;
    case "wrong":
      return `${others} answers for ${ip}, and node "${owner}" does not`;
    case "two":
      return `${own} of node "${owner}" answers for ${ip}, and so does ${others}`;
    default: {
      const text = whyUnknown[why ?? "alone"][1];
      return why === "stranger" ? `${own} ${text}: ${ip}` : `${ip}: ${text}`;
    }
  }
}

/** With the node, where it is known. */
export function namedMac(mac: MacAddress, node: string | undefined): string {
  return node === undefined ? mac : `${mac} of node "${node}"`;
}

function macsOf(answers: readonly Answer[], nodeWith: NodeWith = () => undefined): string {
  const macs = [...new Set(answers.map(({ mac }) => mac))].sort();
  return macs.map((mac) => namedMac(mac, nodeWith(mac))).join(", ");
}
