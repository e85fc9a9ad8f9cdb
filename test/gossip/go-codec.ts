/** The Go program in go-codec/: memberlist's own codec and a node of it, asked by one JSON line each. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const folder = join(import.meta.dirname, "go-codec");
const program = join(dirname(dirname(import.meta.dirname)), ".cache", "go-codec", "go-codec");

/** Byte fields are base64, as Go's JSON has them; nil is null. */
export interface GoRequest {
  Op: "decode" | "encode" | "open" | "seal" | "packet" | "stream";
  Bytes?: string;
  Type?: number;
  Fields?: Record<string, unknown>;
  Messages?: string[];
  Label?: string;
  Key?: string;
  Compress?: boolean;
  Checksum?: boolean;
}

export interface GoAnswer {
  Bytes: string | null;
  Fields: Record<string, unknown> | null;
  Parts: string[] | null;
  Members:
    | { Name: string; Addr: string; Port: number; Meta: string | null; State: number }[]
    | null;
  Heard: { UserState: string | null; UserMessages: string[] | null; Log: string };
  Error: string;
}

export interface GoCodec {
  ask(request: GoRequest): Promise<GoAnswer>;
  close(): void;
}

/** Why there can be no Go program here, if so: the reason to skip. */
export function whyNoGoCodec(): string | false {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
  } catch {
    return "Go is not installed";
  }
  try {
    execFileSync("go", ["mod", "download"], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
    return false;
  } catch (error) {
    return `memberlist's Go modules cannot be had: ${(error as Error).message}`;
  }
}

/** Builds the program if it is not the one of these sources, and starts it. */
export function startGoCodec(): GoCodec {
  mkdirSync(dirname(program), { recursive: true });
  const env = { ...process.env, GOWORK: "off", CGO_ENABLED: "0" };
  execFileSync("go", ["build", "-buildvcs=false", "-o", program, "."], { cwd: folder, env });
  const child = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const waiting: ((line: string) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(line));
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.push((line) => resolve(JSON.parse(line) as GoAnswer));
        child.stdin.write(`${JSON.stringify(request)}\n`, (error) => error && reject(error));
      }),
    close: () => child.stdin.end(),
  };
}
