/** Runs one probe of a container. Left out: gRPC, HTTPS, headers, success thresholds. */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import type { Container, Probe } from "./objects.ts";

export interface ProbeTarget {
  readonly container: Container;
  readonly podIP: string;
  readonly pid: number;
}

/** Undefined when the probe succeeds, else why it failed. */
export async function runProbe(probe: Probe, target: ProbeTarget): Promise<string | undefined> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet) await httpProbe(probe.httpGet, target, timeoutMs);
    else if (probe.tcpSocket)
      await tcpProbe(portOf(probe.tcpSocket.port, target), target, timeoutMs);
    else if (probe.exec) await execProbe(probe.exec.command, target, timeoutMs);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function httpProbe(
  { host, port, path = "/" }: NonNullable<Probe["httpGet"]>,
  target: ProbeTarget,
  timeoutMs: number,
): Promise<void> {
  const url = `http://${host ?? target.podIP}:${portOf(port, target)}${path}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs), redirect: "manual" });
  await answer.arrayBuffer();
  if (answer.status >= 400) throw new Error(`HTTP probe failed with statuscode: ${answer.status}`);
}

function tcpProbe(port: number, { podIP }: ProbeTarget, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: podIP, port, timeout: timeoutMs });
    const end = (error?: Error) => {
      socket.destroy();
      if (error) reject(error);
      else resolve();
    };
    socket.on("connect", () => end());
    socket.on("timeout", () => end(new Error("tcp probe timed out")));
    socket.on("error", end);
  });
}

function execProbe(command: string[], { pid }: ProbeTarget, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const argv = ["--target", String(pid), "--mount", "--net", "--", ...command];
    const child = spawn("nsenter", argv, { stdio: "ignore", timeout: timeoutMs });
    child.on("error", reject);
    child.on("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`command ended with ${code ?? "a timeout"}`)),
    );
  });
}

function portOf(port: number | string, { container }: ProbeTarget): number {
  if (typeof port === "number") return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}
