/** The embedded Kubernetes API server: a development stand-in on SQLite (docs/embedded-server.md). */
export { startApiServer, type ApiServerOptions, type RunningApiServer } from "./start.ts";
export { runApiServer } from "./command.ts";
