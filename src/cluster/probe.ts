/** Runs one probe of a container. Left out: gRPC, HTTPS, headers, success thresholds. */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { promisify } from "node:util";
import type { Container, Probe } from "./objects.ts";

export interface ProbeTarget {
  readonly container: Container;
  readonly podIP: string;
  readonly pid: number;
}

/** Undefined when the probe succeeds, else why it failed. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<string | undefined> {
  const timeout = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    await ask(probe, target, { timeout, signal: AbortSignal.timeout(timeout) });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function ask(
  { httpGet, tcpSocket, exec }: Probe,
  target: ProbeTarget,
  { timeout, signal }: { timeout: number; signal: AbortSignal },
): Promise<void> {
  if (httpGet) {
    const { host = target.podIP, port, path = "/" } = httpGet;
    const url = `http://${host}:${portOf(port, target)}${path}`;
    const answer = await fetch(url, { signal, redirect: "manual" });
    await answer.arrayBuffer();
    if (answer.status >= 400)
      throw new Error(`HTTP probe failed with statuscode: ${answer.status}`);
  } else if (tcpSocket) {
    const socket = connect({ host: target.podIP, port: portOf(tcpSocket.port, target) });
    await once(socket, "connect", { signal }).finally(() => socket.destroy());
  } else if (exec) {
    const inside = ["--target", String(target.pid), "--mount", "--net", "--", ...exec.command];
    await promisify(execFile)("nsenter", inside, { timeout });
  }
}

function portOf(port: number | string, { container }: ProbeTarget): number {
  if (typeof port === "number") return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}
