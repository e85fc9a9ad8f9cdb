/** The system call bpf(2): its commands' attributes as bytes, and errors that say what was wanted and how to mend it. */

import { libc } from "./libc.ts";

/** `__NR_bpf` by processor. */
const CALL_NUMBER: Partial<Record<string, number>> = { x64: 321, arm64: 280 };

export const BPF_COMMAND = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  programLoad: 5,
  objectInfo: 15,
  mapLookupAndDelete: 21,
  mapLookupBatch: 24,
  linkCreate: 28,
} as const;

/** What to do about an error, where there is something to do. */
const MENDS: Partial<Record<string, string>> = {
  EPERM:
    "the process lacks the capabilities CAP_BPF and CAP_NET_ADMIN; in the DaemonSet's container set " +
    'securityContext.capabilities.add: ["BPF", "NET_ADMIN", "NET_RAW"] and run as root',
  ENOSYS: "this kernel was built without bpf (CONFIG_BPF_SYSCALL)",
  ENOMEM:
    "the kernel or the container's memory limit has no room left; raise resources.limits.memory",
};

/** A command of bpf(2) failed; `code` is the symbolic errno. */
export class BpfError extends Error {
  readonly code: string;

  /** `attempt` is what was wanted: "load the program". */
  constructor(attempt: string, code: string, explanation = MENDS[code]) {
    super(`cannot ${attempt}: ${code}${explanation === undefined ? "" : `: ${explanation}`}`);
    this.name = "BpfError";
    this.code = code;
  }
}

/** What the kernel is reading or writing just now: V8 does not know that an address is a reference. */
const inUse: unknown[] = [];

/** The attributes of one command (`union bpf_attr`), filled by offset; may be used for many calls. */
export class BpfAttributes {
  readonly #bytes: Buffer;
  readonly #pointedTo: Uint8Array[] = [];

  constructor(length: number) {
    this.#bytes = Buffer.alloc(length);
  }

  number(offset: number, value: number): this {
    this.#bytes.writeUInt32LE(value >>> 0, offset);
    return this;
  }

  /** The buffer lives as long as these attributes. */
  pointer(offset: number, to: Uint8Array): this {
    this.#pointedTo.push(to);
    this.#bytes.writeBigUInt64LE(libc().address(to), offset);
    return this;
  }

  /** Latin-1 text; the zeros behind it must have been left. */
  text(offset: number, value: string): this {
    this.#bytes.write(value, offset, "latin1");
    return this;
  }

  /** A number that the kernel wrote. */
  read(offset: number): number {
    return this.#bytes.readUInt32LE(offset);
  }

  /** Makes the call: its result, a descriptor or 0, or the symbolic errno. */
  run(command: number): number | string {
    const number = CALL_NUMBER[process.arch];
    if (number === undefined) return "ENOSYS";
    inUse.push(this.#pointedTo);
    try {
      const result = libc().syscall(number, command, this.#bytes, this.#bytes.length);
      return result < 0 ? libc().errorCode() : result;
    } finally {
      inUse.pop();
    }
  }

  /** As `run`, but throws `BpfError`; `attempt` completes "cannot ...". */
  call(command: number, attempt: string): number {
    const result = this.run(command);
    if (typeof result === "string") throw new BpfError(attempt, result);
    return result;
  }
}
