/**
 * Node's HTTP modules, the cheap way: an `import` of `node:http` evaluates every one of its exports, WebSocket among
 * them, and so loads Node's built-in fetch: 5 MiB and 40 ms at start for what a daemon never calls.
 */

export const http = process.getBuiltinModule("node:http");
export const https = process.getBuiltinModule("node:https");
