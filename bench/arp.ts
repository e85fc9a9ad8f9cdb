/**
 * Row `arp`: requests to a responder over a cable between two namespaces, with 1 and with 10,000 announced addresses.
 * `--reference CMD` measures a program of the reference too; it gets `--vip ADDRESS --count N`.
 */
import { ETHERTYPE_ARP } from "../src/layer2/index.ts";
import { formatAddress, parseMac } from "../src/ip/index.ts";
import { libc } from "../src/platform/libc.ts";
import { scanNetworkInterfaces } from "../src/platform/index.ts";
import { CabledNamespaces, LineProgram } from "../src/testing/index.ts";
import { numberFlag, percentile, printRow } from "./lib-numbers.ts";

const VIP = "192.168.1.200";
const COUNTS = [1, 10_000];
const WINDOW = 64;
/** The rounds of 10,000 addresses take turns for nearly 10 s; they would disturb the measurement. */
const BURST_MS = 12_000;
const NODE = [process.execPath, "--disable-warning=ExperimentalWarning"];

/** `--n N`: round trips a measurement; `--reference CMD` and `--who NAME`: another responder. */
export async function run(args: string[]): Promise<void> {
  if (args[0] === "load") {
    load(numberFlag(args, "n", 10_000), numberFlag(args, "answers", 100_000));
    return;
  }
  const reference = textFlag(args, "reference");
  const wire = new CabledNamespaces("l2t-b");
  try {
    for (const count of COUNTS) {
      await measure(wire, startOurs(wire, count), { who: "ours", count, args });
      if (reference === undefined) continue;
      const command = [...reference.split(" "), "--vip", VIP, "--count", String(count)];
      const responder = new LineProgram(wire.at("node", command));
      await measure(wire, responder, { who: textFlag(args, "who") ?? "reference", count, args });
    }
  } finally {
    wire.remove();
  }
}

function startOurs(wire: CabledNamespaces, count: number): LineProgram {
  const program = new URL("../src/testing/announcer-program.ts", import.meta.url).pathname;
  const responder = new LineProgram(wire.at("node", [...NODE, program]));
  for (let other = 1; other < count; other++) {
    const ip = formatAddress({ family: 4, value: 0x0a63_0000n + BigInt(other) });
    responder.write(`announce ${ip}`);
  }
  responder.write(`announce ${VIP}`);
  return responder;
}

interface Measurement {
  readonly who: string;
  readonly count: number;
  readonly args: string[];
}

async function measure(
  wire: CabledNamespaces,
  responder: LineProgram,
  { who, count, args }: Measurement,
): Promise<void> {
  await new Promise((rest) => setTimeout(rest, BURST_MS));
  const main = new URL("main.ts", import.meta.url).pathname;
  const loader = new LineProgram(wire.at("client", [...NODE, main, "arp", "load", ...args]));
  const line = await loader.line((text) => text.startsWith("{"));
  await loader.stop();
  await responder.stop();
  const result = JSON.parse(line) as Record<string, number>;
  printRow({ experiment: "arp", who, addresses: count, ...result });
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
