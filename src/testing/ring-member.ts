/**
 * A member of a ring without Kubernetes: told by one JSON argument who it is, says in JSON lines what it sees, and takes
 * commands in lines. test/gossip/go-member speaks the same.
 */

import { createInterface } from "node:readline";
import { addressBytes, parseAddress } from "../ip/index.ts";
import { lanTimings, type Place } from "../memberlist/index.ts";
import { monotonicMs, NamedTimers, restartNumber } from "../platform/clock.ts";
import { GossipSockets } from "../platform/gossip-sockets.ts";
import { Ring, type RingCommand, type RingEvent } from "../ring/index.ts";

export interface MemberSettings {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Addresses of all, as a speaker has them from the pods. */
  readonly peers: readonly string[];
  /** Base64; empty: not encrypted. */
  readonly key: string;
  readonly label: string;
  readonly compress: boolean;
  /** How often peers that are no members are joined again, as a speaker does every 60 s; 0: never. */
  readonly rejoinMs: number;
  /** 0: no fast detector. Nothing to a stock member. */
  readonly beatMs: number;
  /** Of the state that a stock member hands over on each exchange; nothing to ours. */
  readonly stateSize: number;
  /** Milliseconds instead of the LAN's; 0: the LAN's. */
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
  readonly gossipToTheDeadMs: number;
  readonly pushPullIntervalMs: number;
}

/** One line of a member, ours or stock. */
export interface MemberLine {
  readonly event: string;
  readonly node?: string;
  /** Who is there, in order of names, when the line is written. */
  readonly members: readonly string[];
  readonly detail?: string;
  readonly bytes?: number;
}

const settings = JSON.parse(process.argv[2] ?? "{}") as MemberSettings;
const { name, address, port, peers } = settings;
const label = settings.label === "" ? {} : { label: new TextEncoder().encode(settings.label) };
const keys = settings.key === "" ? [] : [new Uint8Array(Buffer.from(settings.key, "base64"))];
const timings = {
  ...lanTimings,
  enableCompression: settings.compress,
  ...Object.fromEntries(
    (["probeIntervalMs", "probeTimeoutMs", "gossipToTheDeadMs", "pushPullIntervalMs"] as const)
      .filter((key) => settings[key] > 0)
      .map((key) => [key, settings[key]]),
  ),
};
const ring = new Ring({
  name,
  addr: addressBytes(parseAddress(address)!),
  port,
  timings,
  ...label,
  isEncrypted: keys.length > 0,
  random: Math.random,
  beatMs: settings.beatMs,
  firstSeq: restartNumber(),
});
const timers = new NamedTimers((timer) => {
  if (timer === "rejoin") rejoin();
  else step({ kind: "timer", name: timer });
});
const sockets = await GossipSockets.open({
  address,
  port,
  ...label,
  keys,
  compresses: settings.compress,
  verifiesIncoming: true,
  verifiesOutgoing: true,
  tcpTimeoutMs: timings.tcpTimeoutMs,
  onEvent: step,
  onProblem: (reason, from) => say({ event: "dropped", node: from, detail: reason }),
});
createInterface(process.stdin).on("line", obey).on("close", end);
step({ kind: "start" });
say({ event: "started" });
step({ kind: "addresses", addresses: new Set(peers) });
join(peers);
if (settings.rejoinMs > 0) timers.set("rejoin", settings.rejoinMs);

function step(event: RingEvent): void {
  for (const command of ring.step(event, monotonicMs())) run(command);
}

function run(command: RingCommand): void {
  switch (command.kind) {
    case "send":
      sockets.send(command);
      return;
    case "dial":
      sockets.dial(command);
      return;
    case "answer":
      sockets.answer(command.stream, command.message);
      return;
    case "set-timer":
      timers.set(command.name, command.ms);
      return;
    case "cancel-timer":
      timers.cancel(command.name);
      return;
    case "member": {
      const detail = command.accuser === undefined ? {} : { detail: `by ${command.accuser}` };
      say({ event: command.change, node: command.member.name, ...detail });
      return;
    }
    default:
      tell(command);
  }
}

function tell(command: RingCommand): void {
  switch (command.kind) {
    case "joined": {
      const { reached, failed } = command;
      const errors = failed.map(({ place, error }) => `${place.address}: ${error}`);
      say({
        event: "joined",
        detail: [`${reached} of ${reached + failed.length}`, ...errors].join("; "),
      });
      return;
    }
    case "finding":
      say({ event: command.finding.kind, detail: JSON.stringify(command.finding) });
      return;
    case "departed":
      say({ event: "departed" });
      end();
      return;
    case "claims":
      say({ event: "claims", detail: JSON.stringify(command.news) });
      return;
    case "log":
      say({ event: "log", detail: JSON.stringify(command.fields) });
      return;
    default:
      return;
  }
}

function obey(line: string): void {
  const [verb, ...words] = line.split(" ");
  if (verb === "members") say({ event: "members" });
  if (verb === "join") join(words);
  if (verb === "leave") step({ kind: "leave" });
}

function join(addresses: readonly string[]): void {
  const places = addresses.map((peer): Place => ({ address: peer, port }));
  step({ kind: "join", places });
}

function rejoin(): void {
  timers.set("rejoin", settings.rejoinMs);
  const alive = new Set(ring.alive());
  const known = new Set(
    [...ring.gossip.members.values()].flatMap((one) => (alive.has(one.name) ? one.address : [])),
  );
  const missing = peers.filter((peer) => !known.has(peer));
  if (missing.length > 0 && !ring.gossip.isLeaving) join(missing);
}

function say(line: Omit<MemberLine, "members">): void {
  const members = [...ring.alive()].sort();
  process.stdout.write(`${JSON.stringify({ ...line, members })}\n`);
}

/** Nobody waits for us any more. */
function end(): void {
  process.exit(0);
}
