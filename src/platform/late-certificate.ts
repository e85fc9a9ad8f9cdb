/** A certificate that is made when the first caller comes: making one costs memory and time that most starts never need. */

import type { Server, Socket } from "node:net";

/** Holds connections of `server` back until `prepare` is through; if that fails they are cut, and the next one tries. */
export function prepareAtFirstCall(server: Server, prepare: () => Promise<void>): void {
  const accept = server.listeners("connection");
  server.removeAllListeners("connection");
  let prepared: Promise<void> | undefined;
  server.on("connection", (socket: Socket) => {
    prepared ??= prepare();
    prepared.then(
      () => {
        for (const listener of accept) listener.call(server, socket);
      },
      () => {
        prepared = undefined;
        socket.destroy();
      },
    );
  });
}
