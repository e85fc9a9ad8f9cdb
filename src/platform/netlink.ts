/** Follows the kernel's tables of links and addresses through a netlink socket: one dump, then events. */

import { getSystemErrorName } from "node:util";
import type { NetworkInterface } from "../layer2/index.ts";
import { InterfaceTable } from "./interface-table.ts";
import { libc, SystemCallError } from "./libc.ts";
import { dumpRequest, parseNetlink, RTM_GETADDR, RTM_GETLINK } from "./netlink-messages.ts";
import { checked, openRawSocket, ReadableDescriptor } from "./readable-descriptor.ts";

const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
const RTMGRP_LINK = 0x1;
const RTMGRP_IPV4_IFADDR = 0x10;
const RTMGRP_IPV6_IFADDR = 0x100;
const MSG_DONTWAIT = 0x40;
/** The kernel writes datagrams of at most 32 KiB. */
const DATAGRAM_BYTES = 65_536;

export interface NetlinkOptions {
  /** All interfaces: after the first dump, and whenever something about them changed. */
  readonly onChange: (interfaces: readonly NetworkInterface[]) => void;
  /** The socket failed and has closed itself. */
  readonly onFailure: (error: SystemCallError) => void;
}

export class NetlinkWatcher {
  readonly #options: NetlinkOptions;
  readonly #datagram = Buffer.alloc(DATAGRAM_BYTES);
  readonly #descriptor: ReadableDescriptor;
  #table = new InterfaceTable();
  /** Requests of the running dump that the kernel has not finished: it takes one at a time. */
  #toDump: number[] = [];
  #mustDumpAgain = false;

  /** Throws `SystemCallError` where netlink is not allowed. */
  constructor(options: NetlinkOptions) {
    this.#options = options;
    const fd = openRawSocket(AF_NETLINK, NETLINK_ROUTE);
    try {
      const address = Buffer.alloc(12);
      address.writeUInt16LE(AF_NETLINK, 0);
      address.writeUInt32LE(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, 8);
      checked("bind", libc().bind(fd, address, address.length));
      this.#descriptor = new ReadableDescriptor(fd, () => this.#drain());
    } catch (error) {
      libc().close(fd);
      throw error;
    }
    this.#dump();
  }

  close(): void {
    this.#descriptor.close();
  }

  #dump(): void {
    this.#table = new InterfaceTable();
    this.#toDump = [RTM_GETLINK, RTM_GETADDR];
    this.#mustDumpAgain = false;
    this.#requestNext();
  }

  #requestNext(): void {
    const [type] = this.#toDump;
    if (type === undefined) return;
    const request = dumpRequest(type);
    const sent = libc().send(this.#descriptor.fd, request, request.length, 0);
    if (sent < 0) this.#fail("send", libc().errorCode());
  }

  #drain(): void {
    let hasChanged = false;
    while (this.#descriptor.isOpen) {
      const length = Number(
        libc().recv(this.#descriptor.fd, this.#datagram, DATAGRAM_BYTES, MSG_DONTWAIT),
      );
      if (length < 0) {
        const code = libc().errorCode();
        if (code === "EAGAIN") break;
        this.#recover(code);
        continue;
      }
      hasChanged = this.#take(this.#datagram.subarray(0, length)) || hasChanged;
    }
    const isComplete = this.#toDump.length === 0 && this.#descriptor.isOpen;
    if (hasChanged && isComplete) this.#options.onChange(this.#table.interfaces());
  }

  /** The kernel dropped events because we were slow: what we know is not trusted any more. */
  #recover(code: string): void {
    if (code === "EINTR") return;
    if (code !== "ENOBUFS") this.#fail("recv", code);
    else if (this.#toDump.length === 0) this.#dump();
    else this.#mustDumpAgain = true;
  }

  #take(datagram: Buffer): boolean {
    let hasChanged = false;
    for (const message of parseNetlink(datagram)) {
      if (message.kind === "done") {
        this.#dumpDone();
        hasChanged = true;
      } else if (message.kind === "interrupted") {
        this.#mustDumpAgain = true;
      } else if (message.kind === "error") {
        this.#fail("dump", getSystemErrorName(-message.errno));
      } else {
        hasChanged = this.#table.apply(message) || hasChanged;
      }
    }
    return hasChanged;
  }

  #dumpDone(): void {
    this.#toDump.shift();
    if (this.#toDump.length === 0 && this.#mustDumpAgain) this.#dump();
    else this.#requestNext();
  }

  #fail(call: string, code: string): void {
    this.close();
    this.#options.onFailure(new SystemCallError(call, code));
  }
}
