/**
 * Floods eth0 of the namespace that it is started in, as fast as one processor can, until it is told to end: questions
 * by ARP and NDP for the addresses of its arguments, with senders that change, and malformed frames of both.
 */
import { setImmediate } from "node:timers/promises";
import { parseAddress } from "../ip/index.ts";
import { PacketSocket, scanNetworkInterfaces, stopSignal } from "../platform/index.ts";
import { arpQuestions, ndpQuestions } from "./lan-questions.ts";

const ETHERTYPE_ALL = 0x0003;
/** Sent between two looks at the signals. */
const FRAMES_A_TURN = 500;
const SENDERS = 250;

const eth0 = scanNetworkInterfaces().find(({ name }) => name === "eth0");
if (eth0?.mac === undefined) throw new Error("no interface eth0");
const { index, mac } = eth0;
const socket = new PacketSocket({
  interfaceIndex: index,
  etherType: ETHERTYPE_ALL,
  filter: [[0x06, 0, 0, 0]],
  onFrame: () => undefined,
  onFailure: (error) => {
    throw error;
  },
});
const targets = process.argv.slice(2).flatMap((text) => parseAddress(text) ?? []);
const good = targets.flatMap((target) =>
  Array.from({ length: SENDERS }, (_, number) =>
    (target.family === 4 ? arpQuestions(target, mac) : ndpQuestions(target, mac)).ask(number),
  ),
);
/** Too short, and with a byte changed in the middle. */
const frames = good.flatMap((frame) => {
  const broken = Buffer.from(frame);
  broken[frame.length > 60 ? 57 : 18] = 0x5a;
  return [frame, broken, frame.subarray(0, 38)];
});

const flood = { isOver: false };
void stopSignal().then(() => {
  flood.isOver = true;
});
process.stdout.write("flooding\n");
for (let next = 0; !flood.isOver; await setImmediate()) {
  for (let sent = 0; sent < FRAMES_A_TURN; sent++) {
    const frame = frames[next++ % frames.length];
    if (frame !== undefined) socket.send(frame);
  }
}
socket.close();
