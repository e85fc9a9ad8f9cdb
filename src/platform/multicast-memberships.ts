/** Membership of this host in IPv6 multicast groups on one interface (ipv6(7)): the kernel reports them by MLD. */

import { addressBytes, formatAddress, type IpAddress } from "../ip/index.ts";
import { libc, SystemCallError } from "./libc.ts";

const AF_INET6 = 10;
const SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
const IPPROTO_IPV6 = 41;
const IPV6_JOIN_GROUP = 20;
const IPV6_LEAVE_GROUP = 21;
/** What a membership takes counts against net.core.optmem_max, of which 20 KiB are enough for about 300. */
const FULL = new Set(["ENOMEM", "ENOBUFS"]);
/** Closing a socket leaves its groups one by one, in one call. */
const MOST_GROUPS = 256;

interface MemberSocket {
  readonly fd: number;
  readonly groups: Set<string>;
  isFull: boolean;
}

/** Ends with the process, however that ends. */
export class MulticastMemberships {
  readonly #interfaceIndex: number;
  /** As many as the memberships need. */
  readonly #sockets: MemberSocket[] = [];

  constructor(interfaceIndex: number) {
    this.#interfaceIndex = interfaceIndex;
  }

  /** A group that is not joined yet. Throws `SystemCallError`. */
  join(group: IpAddress): void {
    for (const socket of this.#sockets) {
      if (!socket.isFull && this.#joinOn(socket, group)) return;
    }
    const socket = openMemberSocket();
    this.#sockets.push(socket);
    if (this.#joinOn(socket, group)) return;
    this.#closeIfEmpty(socket);
    throw new SystemCallError("setsockopt IPV6_JOIN_GROUP", "ENOMEM");
  }

  /** Does nothing for a group that is not joined. */
  leave(group: IpAddress): void {
    const text = formatAddress(group);
    const socket = this.#sockets.find(({ groups }) => groups.has(text));
    if (socket === undefined) return;
    // It fails only where the interface is gone, and its memberships with it.
    this.#set(socket, IPV6_LEAVE_GROUP, group);
    socket.groups.delete(text);
    socket.isFull = false;
    this.#closeIfEmpty(socket);
  }

  /** Leaves all groups, those of each socket in a turn of their own. */
  close(): void {
    const socket = this.#sockets.pop();
    if (socket === undefined) return;
    libc().close(socket.fd);
    setImmediate(() => this.close());
  }

  /** False: the socket has no room for another group. */
  #joinOn(socket: MemberSocket, group: IpAddress): boolean {
    if (this.#set(socket, IPV6_JOIN_GROUP, group) === 0) {
      socket.groups.add(formatAddress(group));
      socket.isFull = socket.groups.size >= MOST_GROUPS;
      return true;
    }
    const code = libc().errorCode();
    if (!FULL.has(code)) {
      this.#closeIfEmpty(socket);
      throw new SystemCallError("setsockopt IPV6_JOIN_GROUP", code);
    }
    socket.isFull = true;
    return false;
  }

  /** With `struct ipv6_mreq`: the group, and the index of the interface. */
  #set(socket: MemberSocket, option: number, group: IpAddress): number {
    const request = Buffer.alloc(20);
    request.set(addressBytes(group));
    request.writeUInt32LE(this.#interfaceIndex, 16);
    return libc().setsockopt(socket.fd, IPPROTO_IPV6, option, request, request.length);
  }

  #closeIfEmpty(socket: MemberSocket): void {
    if (socket.groups.size > 0) return;
    this.#sockets.splice(this.#sockets.indexOf(socket), 1);
    libc().close(socket.fd);
  }
}

function openMemberSocket(): MemberSocket {
  const fd = libc().socket(AF_INET6, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new SystemCallError("socket", libc().errorCode());
  return { fd, groups: new Set(), isFull: false };
}
