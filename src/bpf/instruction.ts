/** Instructions of eBPF as values (RFC 9669): what the responder's program needs of them, and jumps to labels. */

/** One of r0..r9, or r10, the frame pointer, which can only be read. */
export interface Register {
  readonly number: number;
}

const register = (number: number): Register => ({ number });
/** What a called function and the program itself give back. */
export const r0 = register(0);
/** r1..r5 are the parameters of a call; afterwards they hold nothing. */
export const r1 = register(1);
export const r2 = register(2);
export const r3 = register(3);
export const r4 = register(4);
export const r5 = register(5);
/** r6..r9 outlive calls. */
export const r6 = register(6);
export const r7 = register(7);
export const r8 = register(8);
/** The end of the stack: its 512 bytes lie at negative offsets. */
export const framePointer = register(10);

/** Bytes in memory: a register that holds an address, and a distance in bytes. */
export interface Memory {
  readonly base: Register;
  readonly offset: number;
}

export type Width = 8 | 16 | 32 | 64;

export interface Instruction {
  readonly kind: "instruction";
  /** For messages: what the constructor was called. */
  readonly name: string;
  readonly opcode: number;
  readonly destination: Register;
  /** Wide loads keep what their immediate means in the place of the source (RFC 9669 section 5.4). */
  readonly source: Register;
  readonly writesDestination: boolean;
  readonly offset: number;
  readonly immediate: number;
  /** The upper half of a wide immediate: the instruction takes two slots. */
  readonly wide?: number;
  /** Jumps: the label; the assembler turns it into the offset. */
  readonly jumpTo?: string;
}

/** A place that can be jumped to; takes no room in the program. */
export interface Label {
  readonly kind: "label";
  readonly name: string;
}

export type Step = Instruction | Label;

/** Classes, sources and modes: RFC 9669 sections 3, 4 and 5. */
const CLASS = { ld: 0x00, ldx: 0x01, st: 0x02, stx: 0x03, jmp: 0x05, alu64: 0x07 } as const;
const FROM_REGISTER = 0x08;
const MODE_MEMORY = 0x60;
const MODE_ATOMIC = 0xc0;
const SIZE = { 8: 0x10, 16: 0x08, 32: 0x00, 64: 0x18 } as const;
const ARITHMETIC = {
  add: 0x00,
  subtract: 0x10,
  or: 0x40,
  and: 0x50,
  shiftRight: 0x70,
  xor: 0xa0,
  move: 0xb0,
} as const;
/** Comparisons of unsigned 64-bit numbers; an immediate is extended with its sign. */
const JUMP = { always: 0x00, "==": 0x10, ">": 0x20, "!=": 0x50, call: 0x80, exit: 0x90 } as const;
const WIDE_NUMBER = 0;
const WIDE_MAP = 1;
const WIDE_MAP_VALUE = 2;

type Parts = Partial<Omit<Instruction, "kind" | "name" | "opcode">>;

function instruction(name: string, opcode: number, parts: Parts): Instruction {
  const nothing = { destination: r0, source: r0, writesDestination: false, offset: 0 };
  return { kind: "instruction", name, opcode, ...nothing, immediate: 0, ...parts };
}

/** The second operand: a register, or a number that fits 32 bits with its sign. */
function operand(value: Register | number): { mode: number; parts: Parts } {
  return typeof value === "number"
    ? { mode: 0, parts: { immediate: value } }
    : { mode: FROM_REGISTER, parts: { source: value } };
}

export function label(name: string): Label {
  return { kind: "label", name };
}

export function at(base: Register, offset: number): Memory {
  return { base, offset };
}

function arithmetic(
  name: keyof typeof ARITHMETIC,
): (destination: Register, value: Register | number) => Instruction {
  return (destination, value) => {
    const { mode, parts } = operand(value);
    const opcode = ARITHMETIC[name] | mode | CLASS.alu64;
    return instruction(name, opcode, { ...parts, destination, writesDestination: true });
  };
}

/** 64-bit arithmetic: the register on the left takes the result. */
export const move = arithmetic("move");
export const add = arithmetic("add");
export const subtract = arithmetic("subtract");
export const and = arithmetic("and");
export const or = arithmetic("or");
export const xor = arithmetic("xor");
export const shiftRight = arithmetic("shiftRight");

/** Reads memory; what the width leaves of the register becomes zero. */
export function load(destination: Register, width: Width, from: Memory): Instruction {
  const opcode = MODE_MEMORY | SIZE[width] | CLASS.ldx;
  const { base: source, offset } = from;
  return instruction("load", opcode, { destination, source, offset, writesDestination: true });
}

/** Writes a register, or a number, to memory. */
export function store(width: Width, to: Memory, value: Register | number): Instruction {
  const { parts } = operand(value);
  const opcode = MODE_MEMORY | SIZE[width] | (typeof value === "number" ? CLASS.st : CLASS.stx);
  return instruction("store", opcode, { ...parts, destination: to.base, offset: to.offset });
}

/** Adds the register to 64 bits of memory, whatever other processors do at the same time. */
export function atomicAdd(to: Memory, source: Register): Instruction {
  const opcode = MODE_ATOMIC | SIZE[64] | CLASS.stx;
  return instruction("atomicAdd", opcode, { destination: to.base, offset: to.offset, source });
}

export function jump(to: string): Instruction {
  return instruction("jump", JUMP.always | CLASS.jmp, { jumpTo: to });
}

/** Jumps when the comparison holds, else goes on with the next instruction. */
export function jumpIf(
  left: Register,
  comparison: "==" | "!=" | ">",
  right: Register | number,
  to: string,
): Instruction {
  const { mode, parts } = operand(right);
  const opcode = JUMP[comparison] | mode | CLASS.jmp;
  return instruction("jumpIf", opcode, { ...parts, destination: left, jumpTo: to });
}

/** Calls a function of the kernel by its number. */
export function call(helper: number): Instruction {
  return instruction("call", JUMP.call | CLASS.jmp, { immediate: helper });
}

/** Ends the program; r0 is its result. */
export function exit(): Instruction {
  return instruction("exit", JUMP.exit | CLASS.jmp, {});
}

function wideLoad(
  name: string,
  destination: Register,
  meaning: number,
  value: { immediate: number; wide: number },
): Instruction {
  const opcode = SIZE[64] | CLASS.ld;
  const source = register(meaning);
  return instruction(name, opcode, { destination, source, writesDestination: true, ...value });
}

/** A number of up to 64 bits. */
export function loadNumber(destination: Register, value: bigint): Instruction {
  const halves = {
    immediate: Number(BigInt.asIntN(32, value)),
    wide: Number(BigInt.asIntN(32, value >> 32n)),
  };
  return wideLoad("loadNumber", destination, WIDE_NUMBER, halves);
}

/** A map, named by its file descriptor, as the first parameter of a helper. */
export function loadMap(destination: Register, fd: number): Instruction {
  return wideLoad("loadMap", destination, WIDE_MAP, { immediate: fd, wide: 0 });
}

/** The address of a byte in the value of an array map with one element. */
export function loadMapValue(destination: Register, fd: number, offset: number): Instruction {
  return wideLoad("loadMapValue", destination, WIDE_MAP_VALUE, { immediate: fd, wide: offset });
}
