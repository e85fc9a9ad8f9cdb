/** Loads a program into the kernel and attaches it to interfaces at tc ingress (TCX, Linux 6.6). */

import { BPF_COMMAND, BpfAttributes, BpfError } from "./bpf-call.ts";
import { OwnedDescriptor } from "./owned-descriptor.ts";

const SCHED_CLS = 3;
const TCX_INGRESS = 46;
/** The kernel's reason is at the end of what the verifier writes. */
const LOG_BYTES = 1 << 18;
const LOG_LINES_SHOWN = 12;
const MAX_LOAD_TRIES = 100;
/** An interface that nobody has: the kernel says ENODEV where it knows TCX. */
const NO_INTERFACE = 0x7fff_ffff;

export type BpfProgram = OwnedDescriptor;

/** A program on one interface. */
export interface TcxLink {
  /** False when the interface is gone, or somebody detached the program. */
  isAttached(): boolean;
  close(): void;
}

/**
 * Loads a program for tc ingress; `name` has at most 15 bytes. Throws `BpfError`, with the end of the verifier's log
 * where it refused the program.
 */
export function loadProgram(instructions: Uint8Array, name: string): BpfProgram {
  const attempt = `load the BPF program ${name}`;
  const load = new BpfAttributes(72)
    .number(0, SCHED_CLS)
    .number(4, instructions.length / 8)
    .pointer(8, instructions)
    .pointer(16, Buffer.from("Apache-2.0\0"))
    .text(48, name);
  let result = runAgain(load);
  if (result === "EPERM") throw new BpfError(attempt, result);
  if (typeof result === "string") {
    const log = Buffer.alloc(LOG_BYTES);
    load.number(24, 1).number(28, LOG_BYTES).pointer(32, log);
    result = runAgain(load);
    if (typeof result === "string") throw new BpfError(attempt, result, endOfLog(log));
  }
  return new OwnedDescriptor(result);
}

/** The verifier stops with EAGAIN when a signal arrives, such as a child's end, which is taken before the next try. */
function runAgain(load: BpfAttributes): number | string {
  let result: number | string = "EAGAIN";
  for (let tries = 0; result === "EAGAIN" && tries < MAX_LOAD_TRIES; tries++) {
    result = load.run(BPF_COMMAND.programLoad);
  }
  return result;
}

function endOfLog(log: Buffer): string | undefined {
  const text = log.toString("latin1").replace(/\0.*$/s, "").trim();
  if (text === "") return undefined;
  return `the kernel's verifier says:\n${text.split("\n").slice(-LOG_LINES_SHOWN).join("\n")}`;
}

/** Throws `BpfError` where the kernel has no TCX. */
export function mustHaveTcx(program: BpfProgram): void {
  const result = linkCreation(program, NO_INTERFACE).run(BPF_COMMAND.linkCreate);
  if (result === "ENODEV") return;
  const attempt = "attach BPF programs to network interfaces";
  if (result !== "EINVAL") throw new BpfError(attempt, String(result));
  throw new BpfError(attempt, result, "TCX is needed, which Linux has since version 6.6");
}

/**
 * Attaches behind the programs that are there already, so that they see every packet. The link is a descriptor: when
 * this process ends, however it does, the program is gone from the interface. Throws `BpfError`.
 */
export function attachToIngress(
  program: BpfProgram,
  { index, name }: { index: number; name: string },
): TcxLink {
  const attempt = `attach the BPF program to the interface ${name} (index ${index})`;
  const descriptor = new OwnedDescriptor(
    linkCreation(program, index).call(BPF_COMMAND.linkCreate, attempt),
  );
  const link = Buffer.alloc(64);
  const query = new BpfAttributes(16).number(0, descriptor.fd).pointer(8, link);
  return {
    isAttached: () => {
      query.number(4, link.length).call(BPF_COMMAND.objectInfo, "ask about a BPF link");
      return link.readUInt32LE(16) === index;
    },
    close: () => descriptor.close(),
  };
}

function linkCreation(program: BpfProgram, interfaceIndex: number): BpfAttributes {
  return new BpfAttributes(64)
    .number(0, program.fd)
    .number(4, interfaceIndex)
    .number(8, TCX_INGRESS);
}
