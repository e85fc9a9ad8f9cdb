/** Sends single Ethernet frames: for the few that are worth no socket of their own. */

import { libc } from "./libc.ts";
import { AF_PACKET, linkAddress } from "./packet-socket.ts";
import { checked, openRawSocket } from "./readable-descriptor.ts";

/** Sends a whole frame on an interface and receives nothing. Throws `SystemCallError`, also where that is not allowed. */
export function sendFrame(interfaceIndex: number, frame: Uint8Array): void {
  const fd = openRawSocket(AF_PACKET, 0);
  try {
    const address = linkAddress(interfaceIndex, 0);
    checked("bind", libc().bind(fd, address, address.length));
    checked("send", libc().send(fd, frame, frame.length, 0));
  } finally {
    libc().close(fd);
  }
}
