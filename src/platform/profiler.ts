/** What takes the time, for developers (MET-3): a CPU profile. Heap dumps would hold secrets and are not served. */

import type { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { servePlain, type HttpServer, type Page } from "./http-server.ts";

const contentType = "text/plain; charset=utf-8";
const longestSeconds = 120;
const usage = `/debug/pprof/profile?seconds=N: a CPU profile of N seconds (default 10, at most ${longestSeconds}), for Chrome's DevTools
`;

/** Serves `/debug/pprof/` on `address`, which is `HOST:PORT` or `:PORT`. */
export async function serveProfiles(address: string): Promise<HttpServer> {
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
  if (port === "" || Number(port) > 65_535) {
    throw new Error(`--pprof-bind-address=${address}: it must be HOST:PORT or :PORT`);
  }
  let underWay: Promise<Page> | undefined;
  return servePlain({
    name: "profiles",
    flag: "--pprof-bind-address",
    host: host.replace(/^\[(.*)\]$/, "$1"),
    port: Number(port),
    page: (path, query) => {
      if (path === "/debug/pprof/") return { text: usage, contentType };
      if (path !== "/debug/pprof/profile") return undefined;
      // One profile at a time: who asks meanwhile gets the same.
      underWay ??= profile(Number(query.get("seconds") ?? 10)).finally(
        () => (underWay = undefined),
      );
      return underWay;
    },
  });
}

async function profile(seconds: number): Promise<Page> {
  const wanted = seconds > 0 ? Math.min(seconds, longestSeconds) : 10;
  const { Session: Inspector } = await import("node:inspector/promises");
  const session: Session = new Inspector();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await sleep(wanted * 1000);
    const result = await session.post("Profiler.stop");
    return { text: JSON.stringify(result.profile), contentType: "application/json" };
  } finally {
    session.disconnect();
  }
}
