import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { type Lab, openLab, startLab, stopLab } from "./lab.ts";
import { claimStateFolder, identify, isAlive, readState, writeState } from "./state-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "lab-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const networkOnly = { withCluster: false, nodeNames: ["kmaster", "knode1"] };

/** Ends with 0 when the node's kernel answers at all, be it with a refusal. */
const knock = ["bash", "-c", "timeout 1 bash -c '</dev/tcp/192.168.1.11/9' 2>&1 | grep -q refused"];

describe("a lab of network namespaces", () => {
  let lab: Lab;
  const stateDir = join(folder, "one");
  after(() => stopLab(stateDir));

  it("joins client and nodes by a LAN with readable addresses", async () => {
    lab = await startLab({ stateDir, ...networkOnly });
    await lab.run("client", knock);
    const neighbour = await lab.run("client", ["ip", "neigh", "show", "192.168.1.11"]);
    assert.match(neighbour, /lladdr 02:00:00:00:00:11/);
  });

  it("routes the pod range of each node over the LAN", async () => {
    const route = await lab.run("kmaster", ["ip", "route", "get", "10.244.2.7"]);
    assert.match(route, /via 192\.168\.1\.11 dev eth0/);
  });

  it("has no way to the machine's own network", async () => {
    const links = await lab.run("lan", ["ls", "/sys/class/net"]);
    assert.deepEqual(links.trim().split("\n"), [
      "br-lan",
      "lo",
      "v-client",
      "v-kmaster",
      "v-knode1",
    ]);
  });

  it("pulls a cable and plugs it in again", async () => {
    await lab.setLink("knode1", "down");
    assert.notEqual((await lab.exec("client", knock)).status, 0);
    await lab.setLink("knode1", "up");
    await lab.run("client", knock);
  });

  it("is refused a second time in the same folder, naming the process and the mend", async () => {
    await assert.rejects(startLab({ stateDir, stopHint: "run down", ...networkOnly }), {
      code: "ERR_LAB_RUNNING",
      message: `a lab is already running in ${stateDir} (process ${process.pid}); run down`,
    });
  });

  it("leaves no process and no file behind when it is stopped", async () => {
    const child = lab.spawn("client", ["sleep", "1000"], { stdio: "ignore" });
    const ended = once(child, "exit");
    const holder = readState(stateDir)?.holder;
    assert.ok(isAlive(holder));
    await lab.stop();
    await ended;
    assert.equal(isAlive(holder), false);
    assert.equal(existsSync(stateDir), false);
  });
});

describe("a lab whose starter is killed", () => {
  const stateDir = join(folder, "killed");
  const module = new URL("lab.ts", import.meta.url).href;
  const program = `
    const { startLab } = await import(${JSON.stringify(module)});
    const lab = await startLab(${JSON.stringify({ stateDir, ...networkOnly })});
    lab.spawn("client", ["sleep", "1000"], { stdio: "ignore" });
    console.log("up");
    setInterval(() => {}, 1000);`;

  it("ends by itself and removes its folder, which the next start may take", async () => {
    const starter = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(starter.stdout, "data");
    const holder = openLab(stateDir)?.holderPid ?? 0;
    assert.ok(identify(holder));
    starter.kill("SIGKILL");
    while (identify(holder)) await new Promise(setImmediate);
    assert.equal(existsSync(stateDir), false);
    const lab = await startLab({ stateDir, ...networkOnly });
    assert.notEqual(lab.holderPid, holder);
    await lab.stop();
    assert.equal(existsSync(stateDir), false);
  });
});

describe("the folder of a lab", () => {
  it("is free once the lab's first process has ended, though its maker is still about to follow", () => {
    const stateDir = join(folder, "dying");
    const dead = { pid: process.pid, startTime: "another" };
    const state = { launcher: dead, nodeNames: [] };
    claimStateFolder(stateDir, state, "wait");
    writeState(stateDir, { ...state, unshare: identify(process.pid) });
    assert.throws(() => claimStateFolder(stateDir, state, "wait"), { code: "ERR_LAB_RUNNING" });
    writeState(stateDir, { ...state, unshare: identify(process.pid), holder: dead });
    claimStateFolder(stateDir, state, "wait");
  });
});
