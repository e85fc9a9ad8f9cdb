/** Turns instructions with labels into the bytes that the kernel takes, or says what is wrong with them. */
import type { Instruction, Step } from "./instruction.ts";

const SLOT_BYTES = 8;
const FRAME_POINTER = 10;

/** The program is not one: `message` names the instruction by its place and says what is wrong. */
export class AssemblyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "AssemblyError";
  }
}

/**
 * Encodes a program for a little-endian machine (RFC 9669 section 3). Jumps go forward only, so that every program
 * ends. Throws `AssemblyError`.
 */
export function assemble(steps: readonly Step[]): Uint8Array {
  mustEnd(steps.at(-1));
  const labels = placeLabels(steps);
  const instructions = steps.filter((step) => step.kind === "instruction");
  const slots = instructions.reduce((sum, { wide }) => sum + (wide === undefined ? 1 : 2), 0);
  const bytes = new Uint8Array(slots * SLOT_BYTES);
  let slot = 0;
  for (const [index, instruction] of instructions.entries()) {
    const where = `instruction ${index} (${instruction.name})`;
    mustUseRegisters(instruction, where);
    const offset = offsetOf(instruction, { slot, labels, where });
    mustFit(offset, 16, `${where}: offset`);
    mustFit(instruction.immediate, 32, `${where}: immediate`);
    slot += encode(instruction, offset, new DataView(bytes.buffer, slot * SLOT_BYTES));
  }
  return bytes;
}

/** Where every label lies, in slots from the start. */
function placeLabels(steps: readonly Step[]): ReadonlyMap<string, number> {
  const labels = new Map<string, number>();
  let slot = 0;
  for (const step of steps) {
    if (step.kind === "label") {
      if (labels.has(step.name)) throw new AssemblyError(`the label "${step.name}" is there twice`);
      labels.set(step.name, slot);
    } else {
      slot += step.wide === undefined ? 1 : 2;
    }
  }
  return labels;
}

/** Also a label needs an instruction behind it, or a jump would leave the program. */
function mustEnd(last: Step | undefined): void {
  if (last?.kind === "instruction" && last.name === "exit") return;
  const found = last === undefined ? "it is empty" : `it ends with ${last.kind} ${last.name}`;
  throw new AssemblyError(`a program must end with exit: ${found}`);
}

function mustUseRegisters(instruction: Instruction, where: string): void {
  for (const { number } of [instruction.destination, instruction.source]) {
    if (!Number.isInteger(number) || number < 0 || number > FRAME_POINTER) {
      throw new AssemblyError(`${where}: there is no register r${number}`);
    }
  }
  if (instruction.writesDestination && instruction.destination.number === FRAME_POINTER) {
    throw new AssemblyError(`${where}: r10, the frame pointer, cannot be written`);
  }
}

interface Place {
  readonly slot: number;
  readonly labels: ReadonlyMap<string, number>;
  readonly where: string;
}

/** Offsets of jumps count from the instruction that follows them. */
function offsetOf({ jumpTo, offset }: Instruction, { slot, labels, where }: Place): number {
  if (jumpTo === undefined) return offset;
  const target = labels.get(jumpTo);
  if (target === undefined) throw new AssemblyError(`${where}: there is no label "${jumpTo}"`);
  if (target <= slot) throw new AssemblyError(`${where}: the label "${jumpTo}" lies behind it`);
  return target - slot - 1;
}

function mustFit(value: number, bits: 16 | 32, what: string): void {
  const limit = 2 ** (bits - 1);
  if (Number.isInteger(value) && value >= -limit && value < limit) return;
  throw new AssemblyError(`${what} ${value} does not fit ${bits} bits`);
}

/** Writes one instruction; the result is how many slots it took. */
function encode(instruction: Instruction, offset: number, view: DataView): 1 | 2 {
  view.setUint8(0, instruction.opcode);
  view.setUint8(1, instruction.destination.number | (instruction.source.number << 4));
  view.setInt16(2, offset, true);
  view.setInt32(4, instruction.immediate, true);
  if (instruction.wide === undefined) return 1;
  view.setInt32(SLOT_BYTES + 4, instruction.wide, true);
  return 2;
}
