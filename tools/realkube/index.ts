/** A real etcd and kube-apiserver for tests: find or build the binaries, start, stop. */

export { realkubeBinaries, type BinarySearch, type FoundBinaries } from "./binaries.ts";
export { makeAuthority, makeServerCertificate, type Authority } from "./certificates.ts";
export { startRealApiServer, type RealApiServer, type RealApiServerOptions } from "./api-server.ts";
export { compactEtcd } from "./etcd.ts";
export { freePort, logTail, startDaemon, type Daemon } from "./daemon.ts";
