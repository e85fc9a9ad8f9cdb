/** What gossip on a bridge says, as tcpdump sees it: the payload of each UDP datagram, and to whom it went. */
import { LineProgram } from "../../src/testing/line-program.ts";

export interface CapturedPacket {
  readonly to: string;
  readonly payload: Buffer;
}

export class PacketCapture {
  readonly #program: LineProgram;

  private constructor(program: LineProgram) {
    this.#program = program;
  }

  /** Captures at one port of the bridge: all that one host hears and says. */
  static async start(networkInterface: string, port: number): Promise<PacketCapture> {
    const words = ["-i", networkInterface, "-n", "-t", "-x", "-l", "--immediate-mode", "udp"];
    const program = new LineProgram(["tcpdump", ...words, "and", "port", String(port)]);
    await program.complaint(/listening on/);
    return new PacketCapture(program);
  }

  /** Waits for so many packets that fit. */
  async packets(count: number, fits: (packet: CapturedPacket) => boolean): Promise<void> {
    while (this.#packets().filter(fits).length < count) {
      await this.#program.line(() => true, this.#program.lines.length);
    }
  }

  async stop(): Promise<CapturedPacket[]> {
    await this.#program.stop("SIGINT");
    return this.#packets();
  }

  #packets(): CapturedPacket[] {
    const packets: { to: string; hex: string }[] = [];
    for (const line of this.#program.lines) {
      const bytes = /^\s+0x[0-9a-f]+:\s+(.*)$/.exec(line)?.[1];
      if (bytes !== undefined) packets.at(-1)!.hex += bytes.replaceAll(" ", "");
      else packets.push({ to: /> ([\d.]+)\.\d+:/.exec(line)?.[1] ?? "", hex: "" });
    }
    return packets.map(({ to, hex }) => ({ to, payload: payloadOf(Buffer.from(hex, "hex")) }));
  }
}

/** Without the headers of IPv4 and UDP. */
function payloadOf(packet: Buffer): Buffer {
  return packet.subarray((packet[0]! & 15) * 4 + 8);
}
