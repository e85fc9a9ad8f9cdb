/**
 * Makes the kernel refuse calls of the process that imports this first (`--import`), as other kernels, profiles of
 * containers and full queues do: a seccomp filter (seccomp(2)) on the main thread, which makes all of our sockets.
 * The environment variable REFUSES names what, with commas: see `refusals`.
 */
import { createRequire } from "node:module";
import { constants } from "node:os";

const { EINVAL, EPERM, EAFNOSUPPORT, ENOPROTOOPT } = constants.errno;
const SECCOMP_SET_MODE_FILTER = 1;
const RETURN_ERRNO = 0x0005_0000;
const RETURN_ALLOW = 0x7fff_0000;

/** Numbers of system calls, by processor. */
const CALLS = {
  x64: { socket: 41, sendto: 44, setsockopt: 54, seccomp: 317, bpf: 321 },
  arm64: { socket: 198, sendto: 206, setsockopt: 208, seccomp: 277, bpf: 280 },
}[process.arch as "x64" | "arm64"];

interface Refusal {
  readonly call: number;
  /** The call is refused where this argument, counted from 0, has this value. */
  readonly argument: number;
  readonly value: number;
  readonly errno: number;
}

const refusals: Readonly<Record<string, readonly Refusal[]>> = {
  /** BPF_LINK_CREATE: before Linux 6.6 the kernel knows no TCX. */
  tcx: [{ call: CALLS.bpf, argument: 0, value: 28, errno: EINVAL }],
  /** PACKET_IGNORE_OUTGOING: before Linux 4.20 the kernel does not know it. */
  outgoing: [{ call: CALLS.setsockopt, argument: 2, value: 23, errno: ENOPROTOOPT }],
  /** AF_INET6: a kernel without IPv6. */
  ipv6: [{ call: CALLS.socket, argument: 0, value: 10, errno: EAFNOSUPPORT }],
  /** The frames of ARP have 60 bytes, those of NDP 86. */
  frames: [60, 86].map((value) => ({ call: CALLS.sendto, argument: 2, value, errno: EPERM })),
};

/** As classic BPF over `struct seccomp_data`. */
function filterOf(wanted: readonly Refusal[]): Buffer {
  const steps = wanted.flatMap(({ call, argument, value, errno }) => [
    [0x20, 0, 0, 0],
    [0x15, 0, 3, call],
    [0x20, 0, 0, 16 + 8 * argument],
    [0x15, 0, 1, value],
    [0x06, 0, 0, RETURN_ERRNO + errno],
  ]);
  const all = [...steps, [0x06, 0, 0, RETURN_ALLOW]];
  const bytes = Buffer.alloc(all.length * 8);
  for (const [index, [code = 0, jumpIfTrue = 0, jumpIfFalse = 0, operand = 0]] of all.entries()) {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(jumpIfTrue, index * 8 + 2);
    bytes.writeUInt8(jumpIfFalse, index * 8 + 3);
    bytes.writeUInt32LE(operand, index * 8 + 4);
  }
  return bytes;
}

const koffi = createRequire(import.meta.url)(`@koromix/koffi-linux-${process.arch}`) as {
  load(library: null): { func(name: string, result: string, parameters: string[]): unknown };
  address(buffer: Uint8Array): bigint;
};
const syscall = koffi
  .load(null)
  .func("syscall", "int64_t", ["int64_t", "int64_t", "int64_t", "void *"]) as (
  ...parameters: [call: number, operation: number, flags: number, program: Uint8Array]
) => number;

const names = (process.env["REFUSES"] ?? "").split(",").filter((name) => name !== "");
const filter = filterOf(names.flatMap((name) => refusals[name] ?? []));
const program = Buffer.alloc(16);
program.writeUInt16LE(filter.length / 8, 0);
program.writeBigUInt64LE(koffi.address(filter), 8);
if (syscall(CALLS.seccomp, SECCOMP_SET_MODE_FILTER, 0, program) !== 0) {
  throw new Error("seccomp: the filter was not taken; it needs root");
}
