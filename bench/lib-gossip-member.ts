/**
 * Members of a ring as our speakers run them, several in one process: for the row `gossip`.
 * Prints how many members the first of them sees, a number a line, whenever that changes.
 * `lib-gossip-member.ts FROM COUNT PORT SECRET BEAT_MS`
 */
import { addressBytes, parseAddress } from "../src/ip/index.ts";
import { gossipKeys, lanTimings } from "../src/memberlist/index.ts";
import { GossipSockets, monotonicMs, NamedTimers, restartNumber } from "../src/platform/index.ts";
import { Ring, type RingEvent } from "../src/ring/index.ts";

const [from = 1, count = 1, port = 7946] = process.argv.slice(2, 5).map(Number);
const [secret = "", beat = "0"] = process.argv.slice(5);
const rejoinMs = 200;

const addressOf = (number: number): string => `127.0.${number >> 8}.${number & 255}`;

async function startMember(number: number): Promise<Ring> {
  const address = addressOf(number);
  const parsed = parseAddress(address);
  if (parsed === undefined) throw new Error(address);
  const ring = new Ring({
    name: `node${number}`,
    addr: addressBytes(parsed),
    port,
    timings: lanTimings,
    isEncrypted: true,
    random: Math.random,
    beatMs: Number(beat),
    firstSeq: restartNumber(),
  });
  const join = { kind: "join", places: [{ address: addressOf(1), port }] } as const;
  const timers = new NamedTimers((name) => step({ kind: "timer", name }));
  const sockets = await GossipSockets.open({
    address,
    port,
    keys: gossipKeys(new TextEncoder().encode(secret), 32),
    compresses: true,
    verifiesIncoming: true,
    verifiesOutgoing: true,
    tcpTimeoutMs: lanTimings.tcpTimeoutMs,
    onEvent: (event) => step(event),
    onProblem: () => undefined,
  });
  function step(event: RingEvent): void {
    for (const command of ring.step(event, monotonicMs())) {
      if (command.kind === "send") sockets.send(command);
      if (command.kind === "dial") sockets.dial(command);
      if (command.kind === "answer") sockets.answer(command.stream, command.message);
      if (command.kind === "set-timer") timers.set(command.name, command.ms);
      if (command.kind === "cancel-timer") timers.cancel(command.name);
      if (command.kind === "joined" && command.reached === 0) {
        setTimeout(() => step(join), rejoinMs);
      }
    }
  }
  step({ kind: "start" });
  if (number > 1) step(join);
  return ring;
}

const rings: Ring[] = [];
for (let number = from; number < from + count; number++) rings.push(await startMember(number));
let seen = 0;
const look = setInterval(() => {
  const now = [...(rings[0]?.alive() ?? [])].length;
  if (now !== seen) process.stdout.write(`${now}\n`);
  seen = now;
}, 200);
// The look itself costs; it ends with the first line of the other side.
process.stdin.once("data", () => {
  clearInterval(look);
  process.stdin.destroy();
});
