/** What gossip tells people, one line a decision. */

import { type GossipCommand, logLine } from "./gossip-messages.ts";
import type { Member } from "./member.ts";

export function refutedLine(accuser: string): GossipCommand {
  const msg = `${accuser} took this speaker for dead: it was told that it is alive`;
  return logLine("warn", { op: "memberlist", accuser, msg });
}

export function conflictLine(member: Member, claimed: string): GossipCommand {
  const { name, address, port, state } = member;
  const msg =
    `member ${name} is ${state} at ${address}:${port}, but ${claimed} claims the name: ` +
    "give each speaker a node name of its own, or wait until the old one is forgotten";
  return logLine("warn", { op: "memberlist", member: name, msg });
}

export function deadLine(name: string): GossipCommand {
  const msg = `member ${name} did not answer and nobody heard of it: it counts as dead`;
  return logLine("info", { op: "memberlist", member: name, msg });
}

export function wrongPingLine(from: string, asked: string, name: string): GossipCommand {
  const msg = `ping from ${from} for "${asked}", but this is ${name}`;
  return logLine("warn", { op: "memberlist", msg });
}
