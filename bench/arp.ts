/**
 * Row `arp`: requests to a responder over a cable between two namespaces, with 1, 1,000 and 10,000 announced addresses;
 * ours by packet sockets and in the kernel, in turns. With `--paused` its process is stopped instead: how long is it
 * answered for? `--reference CMD` measures a program of the reference too; it gets `--vip ADDRESS --count N`.
 */
import { ETHERTYPE_ARP } from "../src/layer2/index.ts";
import { formatAddress, parseMac } from "../src/ip/index.ts";
import { libc } from "../src/platform/libc.ts";
import { scanNetworkInterfaces } from "../src/platform/index.ts";
import { CabledNamespaces, LineProgram } from "../src/testing/index.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";

const VIP = "192.168.1.200";
const COUNTS = [1, 1000, 10_000];
const WAYS = ["packet", "kernel"];
const WINDOW = 64;
/** So long a stopped process is asked, longer than any heartbeat holds. */
const PAUSE_MS = 5000;
const PAUSE_QUESTIONS_MS = 10;
/** The rounds of 10,000 addresses take turns for nearly 10 s; they would disturb the measurement. */
const BURST_MS = 12_000;
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];

/**
 * `--n N`: round trips a measurement; `--ways packet,kernel`: ours; `--addresses 1,1000`: how many; `--paused`;
 * `--reference CMD` and `--who NAME`: another responder.
 */
export async function run(args: string[]): Promise<void> {
  if (args[0] === "load") {
    if (args.includes("--paused")) loadPaused();
    else load(numberFlag(args, "n", 10_000), numberFlag(args, "answers", 100_000));
    return;
  }
  const reference = textFlag(args, "reference");
  const counts = textFlag(args, "addresses")?.split(",").map(Number) ?? COUNTS;
  const ways = textFlag(args, "ways")?.split(",") ?? WAYS;
  const wire = new CabledNamespaces("l2t-b");
  try {
    for (const count of counts) {
      for (const way of ways) {
        await measure(wire, startOurs(wire, count, way), { who: "ours", way, count, args });
      }
      if (reference === undefined) continue;
      const command = [...reference.split(" "), "--vip", VIP, "--count", String(count)];
      const responder = new LineProgram(wire.at("node", command));
      await measure(wire, responder, { who: textFlag(args, "who") ?? "reference", count, args });
    }
  } finally {
    wire.remove();
  }
}

function startOurs(wire: CabledNamespaces, count: number, way: string): LineProgram {
  const program = new URL("../src/testing/announcer-program.ts", import.meta.url).pathname;
  const responder = new LineProgram(wire.at("node", [...NODE, program, way]));
  for (let other = 1; other < count; other++) {
    const ip = formatAddress({ family: 4, value: 0x0a63_0000n + BigInt(other) });
    responder.write(`announce ${ip}`);
  }
  responder.write(`announce ${VIP}`);
  return responder;
}

interface Measurement {
  readonly who: string;
  /** How ours answers. */
  readonly way?: string;
  readonly count: number;
  readonly args: string[];
}

async function measure(
  wire: CabledNamespaces,
  responder: LineProgram,
  { who, way, count, args }: Measurement,
): Promise<void> {
  await new Promise((rest) => setTimeout(rest, BURST_MS));
  const main = new URL("main.ts", import.meta.url).pathname;
  const loader = new LineProgram(wire.at("client", [...NODE, main, "arp", "load", ...args]));
  if (args.includes("--paused")) {
    await loader.line((text) => text === "ready");
    responder.signal("SIGSTOP");
    loader.write("go");
  }
  const line = await loader.line((text) => text.startsWith("{"));
  await loader.stop();
  responder.signal("SIGCONT");
  await responder.stop();
  const result = JSON.parse(line) as Record<string, number>;
  printRow({ experiment: "arp", who, ...(way && { way }), addresses: count, ...result });
}

/** The responder is stopped when the line comes: how many questions are answered, and until when? */
function loadPaused(): void {
  const port = new Port("eth0");
  process.stdout.write("ready\n");
  process.stdin.once("data", () => {
    const began = performance.now();
    let [asked, answered, lastMs] = [0, 0, 0];
    const take = (): void => {
      while (port.hasAnswer()) {
        answered++;
        lastMs = performance.now() - began;
      }
    };
    const asking = setInterval(() => {
      take();
      if (performance.now() - began < PAUSE_MS) return port.ask(asked++);
      clearInterval(asking);
      process.stdin.destroy();
      printRow({ paused_ms: PAUSE_MS, asked, answered, answered_for_ms: Math.round(lastMs) });
    }, PAUSE_QUESTIONS_MS);
  });
}

/** Asks for the address from the client's end; polls without rest, so that only the responder's time counts. */
function load(roundTrips: number, answers: number): void {
  const port = new Port("eth0");
  const times: number[] = [];
  for (let asked = 0; asked < roundTrips; asked++) {
    const began = process.hrtime.bigint();
    port.ask(asked);
    while (!port.hasAnswer()) {
      if (process.hrtime.bigint() - began > 1_000_000_000n) throw new Error("no answer within 1 s");
    }
    times.push(Number(process.hrtime.bigint() - began) / 1000);
  }
  const began = performance.now();
  let asked = 0;
  for (let answered = 0; answered < answers;) {
    while (asked - answered < WINDOW) port.ask(asked++);
    while (port.hasAnswer()) answered++;
    if (performance.now() - began > 30_000) throw new Error(`only ${answered} answers in 30 s`);
  }
  const seconds = (performance.now() - began) / 1000;
  printRow({
    p50_us: percentile(times, 0.5),
    p99_us: percentile(times, 0.99),
    n: roundTrips,
    answers_per_s: Math.round(answers / seconds),
  });
}

/** A packet socket that is read by polling. */
class Port {
  readonly #fd: number;
  readonly #request: Buffer;
  readonly #answer = Buffer.alloc(2048);

  constructor(name: string) {
    const link = scanNetworkInterfaces().find((found) => found.name === name);
    const mac = Buffer.from(parseMac(link?.mac ?? "") ?? []).toString("hex");
    this.#fd = libc().socket(17, 3 | 0x800, 0);
    const address = Buffer.alloc(20);
    address.writeUInt16LE(17, 0);
    address.writeUInt16BE(ETHERTYPE_ARP, 2);
    address.writeInt32LE(link?.index ?? 0, 4);
    if (libc().bind(this.#fd, address, 20) < 0) throw new Error(libc().errorCode());
    const head = `ffffffffffff${mac}08060001080006040001`;
    this.#request = Buffer.from(`${head}${mac}0a630001000000000000c0a801c8`, "hex");
  }

  /** The number rides in the sender's IP address. */
  ask(number: number): void {
    this.#request.writeUInt32BE(0x0b00_0000 + (number & 0xff_ffff), 28);
    libc().send(this.#fd, this.#request, this.#request.length, 0);
  }

  hasAnswer(): boolean {
    const length = libc().recv(this.#fd, this.#answer, this.#answer.length, 0x40);
    return length >= 42 && this.#answer[21] === 2 && this.#answer[38] === 0x0b;
  }
}

function textFlag(args: string[], name: string): string | undefined {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
}
