/** Mixed rings among strangers: other keys and labels, garbage, replays, huge streams, compression bombs. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { compressLzw } from "../../src/memberlist/wire/lzw.ts";
import { encodeStream } from "../../src/memberlist/wire/index.ts";
import { LineProgram } from "../../src/testing/line-program.ts";
import { seededRandom } from "../../src/testing/seeded-random.ts";
import { enterPrivateNetwork, whyNoNamespaces } from "../../src/testing/index.ts";
import { buildGoMembers } from "./go-member.ts";
import { MixedRing } from "./mixed-ring.ts";
import { PacketCapture } from "./packet-capture.ts";

const skip = whyNoNamespaces("nft", "setpriv", "nsenter", "tcpdump") ?? buildGoMembers();
if (skip === false) enterPrivateNetwork();

const key = Buffer.alloc(32, 7).toString("base64");
const otherKey = Buffer.alloc(32, 8).toString("base64");
const mib = 1024 * 1024;
const timeout = 600_000;

/** Datagrams to a member, from this process, which is no member. */
async function sendAll(ring: MixedRing, packets: readonly { to: string; payload: Uint8Array }[]) {
  const socket = createSocket("udp4");
  for (const { to, payload } of packets) {
    await new Promise((sent) => socket.send(payload, ring.port, to, sent));
  }
  socket.close();
}

/** A connection to a member that says this; resolves when the member has closed it. */
async function dial(ring: MixedRing, name: string, bytes: Uint8Array): Promise<void> {
  const socket = connect({ host: ring.address(name), port: ring.port });
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(bytes);
  await once(socket, "close");
}

describe("a mixed ring with a key and a label", { skip, timeout }, () => {
  let ring: MixedRing;
  before(async () => {
    ring = await MixedRing.prepare({ ours: 2, go: 2 }, { key, label: "blue", beatMs: 0 });
    ring.start("ours0");
    ring.start("go0");
    await ring.agree();
  });
  after(async () => await ring?.remove());

  for (const name of ["ours1", "go1"]) {
    for (const [what, settings, reason] of [
      ["ML-47: another key", { key: otherKey }, "decrypt-failed"],
      ["ML-43, ML-46: no key", { key: "" }, "decrypt-failed|not-encrypted"],
      ["ML-61: another label", { label: "green" }, "label-mismatch"],
      ["ML-61: no label", { label: "" }, "label-mismatch"],
    ] as const) {
      it(`${what}: ${name} stays outside`, async () => {
        const before = ring.member("ours0").lines.length;
        const stranger = ring.start(name, settings);
        const dropped = ring
          .member("ours0")
          .line(({ detail = "" }) => new RegExp(`^(${reason})$`).test(detail), before);
        const joined = await ring.soon(stranger.line(({ event }) => event === "joined"));
        assert.match(joined.detail ?? "", /^0 of 3/);
        await ring.soon(dropped);
        assert.deepEqual(stranger.members, [name]);
        await ring.kill(name);
        await ring.agree();
      });
    }
  }

  it("ML-100, ML-102: packets of earlier lives, sent again, change nothing", async () => {
    const capture = await PacketCapture.start(ring.hosts.port("ours0"), ring.port);
    ring.start("ours1");
    ring.start("go1");
    await ring.agree();
    await ring.leave("ours1");
    await ring.kill("go1");
    await ring.agree();
    ring.start("ours1");
    ring.start("go1");
    await ring.agree();
    const packets = await capture.stop();
    assert.ok(packets.length > 50, `only ${packets.length} packets`);
    // One more newcomer, whose exchanges tell everybody the incarnations of all.
    await ring.leave("go0");
    await ring.agree();
    ring.start("go0");
    await ring.agree();
    ring.forgetDeaths();
    const toAll = packets.flatMap(({ payload }) =>
      ring.names.map((name) => ({ to: ring.address(name), payload })),
    );
    await sendAll(ring, toAll);
    await ring.leave("go0");
    await ring.agree();
    assert.deepEqual(ring.falseDeaths("go0"), []);
  });
});

/** Sends these again and again from where a member lived: its address and its port. */
const replayer = `
  const [port, packets] = JSON.parse(process.argv[1]);
  const socket = require("node:dgram").createSocket("udp4");
  let at = 0;
  const next = () => {
    const { to, hex } = packets[at++ % packets.length];
    socket.send(Buffer.from(hex, "hex"), port, to, () => setTimeout(next, 2));
  };
  socket.bind(port, () => {
    console.log("ready");
    next();
  });
  process.stdin.resume().on("end", () => process.exit());
`;

describe("a ring of our own", { skip, timeout }, () => {
  let ring: MixedRing;
  before(async () => {
    ring = await MixedRing.prepare({ ours: 4 }, { key });
    ring.startAll();
    await ring.agree();
  });
  after(async () => await ring?.remove());

  it("a dead speaker is found, and stays dead, while its packets are sent again from its own address", async () => {
    const capture = await PacketCapture.start(ring.hosts.port("ours1"), ring.port);
    const isSent = ({ to }: { readonly to: string }): boolean => to !== ring.address("ours1");
    await ring.soon(capture.packets(80, isSent));
    const sent = (await capture.stop()).filter(isSent);
    const packets = sent.map(({ to, payload }) => ({ to, hex: payload.toString("hex") }));
    await ring.kill("ours1");
    const words = [process.execPath, "-e", replayer, JSON.stringify([ring.port, packets])];
    const program = new LineProgram([...ring.hosts.on("ours1"), ...words]);
    try {
      await ring.soon(program.line((line) => line === "ready"));
      await ring.agree();
      ring.forgetDeaths();
      await ring.leave("ours2");
      await ring.agree();
      ring.start("ours2");
      await ring.agree();
      assert.deepEqual(ring.falseDeaths("ours1", "ours2"), []);
      for (const name of ["ours0", "ours3"]) {
        const { lines } = ring.member(name);
        const joins = lines.filter(({ event, node }) => event === "join" && node === "ours1");
        assert.equal(joins.length, 1, `${name} took the dead one back`);
      }
    } finally {
      await program.stop("SIGTERM");
    }
  });
});

describe("a plain mixed ring", { skip, timeout }, () => {
  let ring: MixedRing;
  before(async () => {
    ring = await MixedRing.prepare({ ours: 2, go: 1, old: 1 }, { beatMs: 0 });
    ring.startAll();
    await ring.agree();
  });
  after(async () => await ring?.remove());

  /** Everybody still hears everybody: news go round, and none were false. */
  async function isWell(): Promise<void> {
    await ring.agree();
    assert.deepEqual(ring.falseDeaths("go0"), []);
    await ring.leave("go0");
    await ring.agree();
    ring.start("go0");
    await ring.agree();
  }

  it("ML-15, ML-25, ML-29: garbage is dropped and counted", async () => {
    const random = seededRandom(5);
    const byte = (): number => Math.floor(random() * 256);
    const garbage = Array.from({ length: 5000 }, (_, at) => {
      const payload = Uint8Array.from({ length: 1 + (at % 400) }, byte);
      if (at % 2 === 0) payload[0] = at % 16;
      return { to: ring.address(at % 4 < 2 ? "ours0" : "ours1"), payload };
    });
    await sendAll(ring, garbage);
    const streams = garbage.slice(0, 60).map(({ payload }) => payload);
    const isDropped = ({ detail }: { detail?: string }): boolean => detail === "unknown-type";
    await ring.soon(ring.member("ours0").line(isDropped));
    // Some begin a message and never end it: these connections stay until we close them.
    for (const bytes of streams) {
      const socket = connect({ host: ring.address("ours0"), port: ring.port });
      socket.on("error", () => undefined);
      socket.end(bytes);
    }
    await isWell();
  });

  it("ML-20, ML-27d: a stock member's message of 10 MB is read and ignored", async () => {
    const member = ring.member("go0");
    member.command(`send ours0 ${10 * mib}`);
    const sent = await ring.soon(member.line(({ event }) => event === "sent"));
    assert.equal(sent.detail, "<nil>");
    await isWell();
  });

  it("ML-70: a stock member that hands over 10 MB of state with each exchange is a member as others", async () => {
    await ring.leave("go0");
    ring.start("go0", { stateSize: 10 * mib });
    await isWell();
  });

  it("ML-27d, ML-120: a stock member reads 10 MB that we write", async () => {
    const message = { kind: "user-stream", payload: new Uint8Array(10 * mib) } as const;
    const options = { keys: [], compresses: true, nonce: (length: number) => Buffer.alloc(length) };
    const heard = ring.member("go0").line(({ event }) => event === "user");
    await dial(ring, "go0", encodeStream(message, options));
    assert.equal((await ring.soon(heard)).bytes, 10 * mib);
  });

  it("ML-121: a compression bomb is dropped, in a packet and in a stream", async () => {
    const member = ring.member("ours0");
    const before = member.lines.length;
    const bomb = (bytes: number): Uint8Array => compressed(compressLzw(new Uint8Array(bytes)));
    const isTooLarge = ({ detail }: { detail?: string }): boolean => detail === "too-large";
    await sendAll(ring, [{ to: ring.address("ours0"), payload: bomb(2 * mib) }]);
    await ring.soon(member.line(isTooLarge, before));
    const after = member.lines.length;
    await ring.soon(dial(ring, "ours0", bomb(41 * mib)));
    await ring.soon(member.line(isTooLarge, after));
    await isWell();
  });
});

/** The message of compression around what is compressed already: a map of `Algo` and a 32 bit `Buf`. */
function compressed(bytes: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  const head = Buffer.from("0982a4416c676f00a3427566db", "hex");
  return Buffer.concat([head, length, bytes]);
}
