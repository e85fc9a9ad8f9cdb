/** The demo as its user runs it: every step, a second one refused, Ctrl-C, no root. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";

const checkout = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "demo-test-"));
chmodSync(folder, 0o777); // the unprivileged user keeps its lab here, too
after(() => rmSync(folder, { recursive: true, force: true }));

const node = [process.execPath, "--disable-warning=ExperimentalWarning"];
const demoCommand = [...node, join(checkout, "src/cli/main.ts"), "demo"];

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ status: number | null; output: string }>;
  /** Resolves when the output so far has this text. */
  readonly shows: (text: string) => Promise<void>;
}

function run(argv: readonly string[], stateDir: string): Run {
  const [program = "", ...rest] = argv;
  const env = { ...process.env, METALLB_LAB_DIR: stateDir, HOME: folder, NO_COLOR: "1" };
  const child = spawn(program, rest, { env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      output += bytes.toString();
      child.emit("output");
    });
  }
  const closed = once(child, "close");
  return {
    child,
    ended: closed.then(([status]) => ({ status: status as number | null, output })),
    shows: async (text) => {
      while (!output.includes(text))
        await Promise.race([once(child, "output"), closed.then(() => assert.fail(output))]);
    },
  };
}

/** Living processes whose command line names a lab's folder. */
function processesOf(stateDir: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
        return words.some((word) => word.startsWith(stateDir)) ? [words.join(" ")] : [];
      } catch {
        return [];
      }
    });
}

describe("npm run demo", () => {
  it("L2-191 L2-193: runs the tutorial to its end, and refuses a second demo meanwhile", async () => {
    const stateDir = join(folder, "whole");
    const picture = join(folder, "grafana.png");
    const first = run([...demoCommand, "--screenshot", picture], stateDir);
    await first.shows("1. How is kube-proxy set up?");
    const second = await run(demoCommand, stateDir).ended;
    assert.equal(second.status, 1);
    const owner = `a lab is already running in ${stateDir} (process ${first.child.pid})`;
    assert.ok(second.output.includes(owner), second.output);
    assert.match(second.output, /stop it with Ctrl-C there, or with: npm run demo -- --down/);
    const { status, output } = await first.ended;
    assert.equal(status, 0, output);
    assert.match(output, /^LoadBalancer Ingress: {5}192\.168\.1\.240\b/m);
    assert.match(output, /until the speakers had noticed, knode\d had decided/);
    assert.match(output, /Every step was checked/);
    assert.equal(existsSync(picture), existsSync("/usr/bin/chromium"));
    assert.deepEqual([existsSync(stateDir), processesOf(stateDir)], [false, []]);
  });

  for (const moment of ["building a LAN", "2. Turn strict ARP on"]) {
    it(`leaves nothing behind when it is interrupted at "${moment}"`, async () => {
      const stateDir = join(folder, "interrupted");
      const demo = run(demoCommand, stateDir);
      await demo.shows(moment);
      demo.child.kill("SIGINT");
      const { status } = await demo.ended;
      assert.equal(status, 130);
      assert.deepEqual([existsSync(stateDir), processesOf(stateDir)], [false, []]);
    });
  }

  it("leaves nothing behind when nobody reads its output any more", async () => {
    const stateDir = join(folder, "unread");
    const demo = run(demoCommand, stateDir);
    await demo.shows("building a LAN");
    demo.child.stdout?.destroy();
    const { status, output } = await demo.ended;
    assert.equal(status, 141);
    assert.match(output, /Nobody reads the output any more: clearing the lab away/);
    assert.deepEqual([existsSync(stateDir), processesOf(stateDir)], [false, []]);
  });

  it("ends a lab that was left running by --down, and says when there is none", async () => {
    const { status, output } = await run([...demoCommand, "--down"], join(folder, "none")).ended;
    assert.deepEqual([status, output], [0, "No lab was running.\n"]);
  });

  it("shows its flags for one that it does not know", async () => {
    const { status, output } = await run([...demoCommand, "--kepp"], join(folder, "none")).ended;
    assert.equal(status, 2);
    assert.match(output, /Unknown option '--kepp'[^]*--keep +leave everything running/);
  });
});

describe("without root", () => {
  const isRoot = process.getuid?.() === 0;
  const skip = isRoot ? false : "these tests run without root already";

  it("starts a whole lab as any user, in a user namespace", { skip }, async () => {
    const stateDir = join(folder, "nobody");
    const module = join(checkout, "src/lab/index.ts");
    const program = `
      const { startLab } = await import(${JSON.stringify(module)});
      const lab = await startLab({ stateDir: process.env.METALLB_LAB_DIR, withTutorialObjects: true });
      console.log(process.getuid(), await lab.run("lan", ["kubectl", "get", "pods", "-n", "monitoring"]));
      await lab.stop();`;
    const drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    assert.equal(
      spawnSync(drop[0] ?? "", [...drop.slice(1), "ls", module]).status,
      0,
      "unreadable checkout",
    );
    const argv = [...drop, ...node, "--input-type=module", "-e", program];
    const { status, output } = await run(argv, stateDir).ended;
    assert.equal(status, 0, output);
    assert.match(output, /^65534 NAME[^]*grafana-\S+ +1\/1 +Running/);
    assert.equal(existsSync(stateDir), false);
  });
});
