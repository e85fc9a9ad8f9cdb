import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { after, describe, it } from "node:test";
import { startApiServer } from "./start.ts";

const PROGRAM = `
  import { runApiServer } from ${JSON.stringify(join(import.meta.dirname, "command.ts"))};
  process.exitCode = await runApiServer(process.argv.slice(1), process.env);
`;

function run(...args: string[]): ChildProcess {
  const flags = [
    "--disable-warning=ExperimentalWarning",
    "--input-type=module-typescript",
    "-e",
    PROGRAM,
  ];
  return spawn(process.execPath, [...flags, "--", ...args], { stdio: ["ignore", "pipe", "pipe"] });
}

/** Starts the program and waits for the line with its URL. */
async function serving(dataFile: string): Promise<{ child: ChildProcess; url: string }> {
  const child = run("--data-file", dataFile, "--listen", "127.0.0.1:0");
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, "line")) as [string];
  return { child, url: /http:\S+(?=,)/.exec(line)![0] };
}

async function failure(child: ChildProcess): Promise<{ code: number; message: string }> {
  const message = await text(child.stderr!);
  if (child.exitCode === null) await once(child, "exit");
  return { code: child.exitCode!, message };
}

describe("metallb apiserver", () => {
  const folder = mkdtempSync(join(tmpdir(), "apiserver-"));
  after(() => rmSync(folder, { recursive: true }));

  it("loses no acknowledged write when it is killed", async () => {
    const dataFile = join(folder, "killed.db");
    const first = await serving(dataFile);
    const path = "/api/v1/namespaces/default/configmaps";
    const acknowledged: string[] = [];
    const dead = once(first.child, "exit");
    const writes = Array.from({ length: 40 }, async (_, number) => {
      const body = JSON.stringify({ metadata: { name: `map-${number}` } });
      const headers = { "content-type": "application/json" };
      const reply = await fetch(first.url + path, { method: "POST", headers, body });
      if (reply.status !== 201) return;
      acknowledged.push(`map-${number}`);
      if (acknowledged.length === 20) first.child.kill("SIGKILL");
    });
    await Promise.allSettled(writes);
    await dead;
    const second = await serving(dataFile);
    const list = (await (await fetch(second.url + path)).json()) as {
      items: { metadata: { name: string } }[];
    };
    const kept = new Set(list.items.map(({ metadata }) => metadata.name));
    assert.ok(acknowledged.length >= 20);
    assert.deepEqual(
      acknowledged.filter((name) => !kept.has(name)),
      [],
    );
    second.child.kill("SIGTERM");
    const [code] = (await once(second.child, "exit")) as [number];
    assert.equal(code, 0);
  });

  it("names a port that is taken and what to do, with exit code 1", async () => {
    const server = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
    const listen = new URL(server.url).host;
    const { code, message } = await failure(run("--data-file", ":memory:", "--listen", listen));
    await server.close();
    assert.equal(code, 1);
    assert.match(message, new RegExp(`--listen ${listen}: the port is taken by another program`));
  });

  it("names a data file that cannot be, with exit code 1", async () => {
    const dataFile = join(folder, "no", "such", "folder.db");
    const { code, message } = await failure(
      run("--data-file", dataFile, "--listen", "127.0.0.1:0"),
    );
    assert.equal(code, 1);
    assert.match(message, /--data-file .*folder\.db: .*is its folder there and writable/);
  });

  it("explains wrong use with exit code 2", async () => {
    const listen = await failure(run("--listen", "nowhere"));
    assert.equal(listen.code, 2);
    assert.match(listen.message, /--listen nowhere: give HOST:PORT/);
    const flag = await failure(run("--data-fiel", "x"));
    assert.equal(flag.code, 2);
    assert.match(flag.message, /--data-fiel/);
  });
});
