/** A non-blocking descriptor in the event loop: opened, watched and closed in the order that leaves no race. */

import { libc, SystemCallError } from "./libc.ts";

const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0x800 | 0x80000;

/** Opens a raw socket of a family. Throws `SystemCallError`. */
export function openRawSocket(family: number, protocol: number): number {
  const fd = libc().socket(family, SOCK_RAW_NONBLOCK_CLOEXEC, protocol);
  if (fd < 0) throw new SystemCallError("socket", libc().errorCode());
  return fd;
}

/** Throws `SystemCallError` when a call returned a negative number; must follow the call directly. */
export function checked(call: string, result: number): void {
  if (result < 0) throw new SystemCallError(call, libc().errorCode());
}

/** Owns a descriptor and its watcher. The object must stay referenced, or the watcher is collected with it. */
export class ReadableDescriptor {
  readonly fd: number;
  readonly #watcher: { close(): void };
  #isOpen = true;

  constructor(fd: number, onReadable: () => void) {
    this.fd = fd;
    this.#watcher = libc().watchReadable(fd, () => {
      if (this.#isOpen) onReadable();
    });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Does nothing the second time. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watcher.close();
    // The event loop lets go of the descriptor at the end of its turn.
    setImmediate(() => libc().close(this.fd));
  }
}
