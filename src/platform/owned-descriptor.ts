/** A file descriptor that is closed once: its number may belong to something else right afterwards. */

import { libc } from "./libc.ts";

const CLOSED = -1;

export class OwnedDescriptor {
  #fd: number;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** After `close` a number that no call of the kernel accepts. */
  get fd(): number {
    return this.#fd;
  }

  /** Does nothing the second time. */
  close(): void {
    if (this.#fd === CLOSED) return;
    libc().close(this.#fd);
    this.#fd = CLOSED;
  }
}
