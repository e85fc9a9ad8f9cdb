/** `metallb apiserver`: the embedded server as a program. */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startApiServer } from "./start.ts";

const USAGE = `metallb apiserver: an embedded Kubernetes API server for development and tests

  --data-file FILE        SQLite database; made when missing (default: metallb-apiserver.db; ":memory:" keeps nothing)
  --listen HOST:PORT      address to serve on; port 0 takes a free one (default: 127.0.0.1:6443)
  --kubeconfig-out FILE   where to write a kubeconfig for kubectl
`;

/** Runs until SIGINT or SIGTERM. Exit codes: 0 stopped, 1 could not start, 2 wrong use. */
export async function runApiServer(argv: string[], _env: NodeJS.ProcessEnv): Promise<number> {
  let values: { "data-file"?: string; listen?: string; "kubeconfig-out"?: string; help?: boolean };
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        "data-file": { type: "string", default: "metallb-apiserver.db" },
        listen: { type: "string", default: "127.0.0.1:6443" },
        "kubeconfig-out": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    process.stderr.write(`metallb apiserver: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const listen = values.listen!;
  const match = /^\[?(.*?)\]?:(\d+)$/.exec(listen);
  if (!match || Number(match[2]) > 65535) {
    process.stderr.write(
      `metallb apiserver: --listen ${listen}: give HOST:PORT, such as 127.0.0.1:6443\n`,
    );
    return 2;
  }
  return serve(
    values["data-file"]!,
    { host: match[1] || "0.0.0.0", port: Number(match[2]) },
    values["kubeconfig-out"],
  );
}

async function serve(
  dataFile: string,
  at: { host: string; port: number },
  kubeconfigOut?: string,
): Promise<number> {
  try {
    const server = await startApiServer({ dataFile, ...at });
    if (kubeconfigOut) writeFileSync(kubeconfigOut, server.kubeconfig, { mode: 0o600 });
    process.stdout.write(`serving on ${server.url}, data in ${dataFile}\n`);
    if (kubeconfigOut)
      process.stdout.write(`try: kubectl --kubeconfig ${kubeconfigOut} get namespaces\n`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
    });
    await server.close();
    return 0;
  } catch (error) {
    process.stderr.write(
      `metallb apiserver: ${startFailure(error as NodeJS.ErrnoException, dataFile, at)}\n`,
    );
    return 1;
  }
}

function startFailure(
  error: NodeJS.ErrnoException,
  dataFile: string,
  at: { host: string; port: number },
): string {
  const { host, port } = at;
  switch (error.code) {
    case "EADDRINUSE":
      return `--listen ${host}:${port}: the port is taken by another program; choose another or stop that one`;
    case "EADDRNOTAVAIL":
      return `--listen ${host}:${port}: this machine has no such address; take one that "ip address" shows`;
    case "EACCES":
      return `--listen ${host}:${port}: not permitted; ports below 1024 need root`;
    case "ERR_SQLITE_ERROR":
      return `--data-file ${dataFile}: ${error.message}; is its folder there and writable, and no other server on it?`;
    default:
      return error.message;
  }
}
