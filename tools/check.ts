/** The quick gate before every commit: format, lint, types, tidy and unit tests, at once. */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const bin = (name: string): string => join(root, "node_modules", ".bin", name);

const steps: Record<string, [string, ...string[]]> = {
  format: [bin("oxfmt"), "--check"],
  lint: [bin("oxlint"), "--type-aware", "--deny-warnings"],
  types: [bin("tsc")],
  unit: [process.execPath, join(root, "tools/test.ts"), "unit", "--test-reporter=dot"],
};

interface Outcome {
  name: string;
  ok: boolean;
  output: string;
  seconds: number;
}

function run(name: string, [command, ...args]: [string, ...string[]]): Promise<Outcome> {
  const started = performance.now();
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("close", (code) => {
      const seconds = (performance.now() - started) / 1000;
      resolve({ name, ok: code === 0, output, seconds });
    });
  });
}

const outcomes = await Promise.all(Object.entries(steps).map(([name, step]) => run(name, step)));
for (const { name, ok, output, seconds } of outcomes) {
  if (!ok) process.stdout.write(`--- ${name}\n${output}\n`);
  process.stdout.write(`${ok ? "ok  " : "FAIL"} ${name.padEnd(7)} ${seconds.toFixed(1)} s\n`);
}
process.exit(outcomes.every((outcome) => outcome.ok) ? 0 : 1);
