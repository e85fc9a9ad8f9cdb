/** The only door to native code: calls of the C library, and readiness of descriptors that Node does not know. */

import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";

/** The part of koffi's native module that we use; its JavaScript wrapper is not needed. */
interface Koffi {
  load(library: null): { func(name: string, result: string, parameters: string[]): unknown };
  address(buffer: Uint8Array): bigint;
  errno(): number;
  node: {
    poll(fd: number, wanted: { readable: true }, onEvent: () => void): { close(): void };
  };
}

/** Lengths are in bytes; a result of -1 means that `errno` tells why. */
interface Calls {
  recvfrom(
    fd: number,
    buffer: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: Uint8Array,
  ): number;
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint8Array,
  ): number;
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  send(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  /** For calls of the kernel that the C library has no function for. */
  syscall(number: number, command: number, argument: Uint8Array, length: number): number;
  close(fd: number): number;
  /** Gives free memory back to the system, all but `padding` bytes at the end of the heap; 1 if there was any. */
  malloc_trim(padding: number): number;
}

const SIGNATURES: Record<keyof Calls, [result: string, parameters: string[]]> = {
  socket: ["int", ["int", "int", "int"]],
  bind: ["int", ["int", "void *", "uint32_t"]],
  setsockopt: ["int", ["int", "int", "int", "void *", "uint32_t"]],
  getsockopt: ["int", ["int", "int", "int", "void *", "void *"]],
  recv: ["int64_t", ["int", "void *", "size_t", "int"]],
  recvfrom: ["int64_t", ["int", "void *", "size_t", "int", "void *", "void *"]],
  send: ["int64_t", ["int", "void *", "size_t", "int"]],
  syscall: ["int64_t", ["int64_t", "int64_t", "void *", "size_t"]],
  close: ["int", ["int"]],
  malloc_trim: ["int", ["size_t"]],
};

export interface Libc extends Calls {
  /** Why the call just before failed, as its symbolic name. Ask at once: any other call may change it. */
  errorCode(): string;
  /** The address of a buffer's bytes; it does not keep the buffer alive. */
  address(buffer: Uint8Array): bigint;
  /** Calls back in the event loop while the descriptor can be read. Close it before the descriptor. */
  watchReadable(fd: number, onReadable: () => void): { close(): void };
}

/** A call of the operating system failed; `code` is the symbolic errno. */
export class SystemCallError extends Error {
  readonly code: string;

  constructor(call: string, code: string) {
    super(`${call}: ${code}`);
    this.name = "SystemCallError";
    this.code = code;
  }
}

/** Native calls cannot be made on this machine; `code` is `ERR_NO_NATIVE_CALLS`. */
class NoNativeCallsError extends Error {
  readonly code = "ERR_NO_NATIVE_CALLS";

  constructor(packageName: string, cause: unknown) {
    super(
      `raw network sockets need the package ${packageName}, which cannot be loaded: run "npm ci" ` +
        "without --omit=optional on a Linux machine (x64 or arm64), or use the released image",
      { cause },
    );
    this.name = "NoNativeCallsError";
  }
}

let loaded: Libc | undefined;

/** The C library, loaded at the first use. Throws `NoNativeCallsError`. */
export function libc(): Libc {
  loaded ??= bindCalls(loadKoffi());
  return loaded;
}

function loadKoffi(): Koffi {
  const packageName = `@koromix/koffi-${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url)(packageName) as Koffi;
  } catch (error) {
    throw new NoNativeCallsError(packageName, error);
  }
}

function bindCalls(koffi: Koffi): Libc {
  const library = koffi.load(null);
  const calls = Object.fromEntries(
    Object.entries(SIGNATURES).map(([name, [result, parameters]]) => [
      name,
      library.func(name, result, parameters),
    ]),
  ) as unknown as Calls;
  return {
    ...calls,
    errorCode: () => getSystemErrorName(-koffi.errno()),
    address: (buffer) => koffi.address(buffer),
    watchReadable: (fd, onReadable) => koffi.node.poll(fd, { readable: true }, guarded(onReadable)),
  };
}

/** An exception must not cross native code: it is thrown again in a turn of its own. */
function guarded(callback: () => void): () => void {
  return () => {
    try {
      callback();
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  };
}
