/** Command line over tools/realkube: `build [COMPONENT...]`, `start STATE [PORT]`, `stop STATE`. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { realkubeBinaries, startRealApiServer } from "./realkube/index.ts";
import type { Component } from "./realkube/versions.ts";

const usage = `usage: node tools/realkube.ts build [COMPONENT...]   fill the cache with real Kubernetes binaries
       node tools/realkube.ts start STATE [PORT]    a real API server that keeps running
       node tools/realkube.ts stop STATE            end it (its data stays in STATE)`;

async function binariesFor(components: Component[], build: boolean): Promise<string> {
  const answer = await realkubeBinaries({ components, ...(build ? { build } : {}) });
  if (!answer.ok) throw new Error(answer.reason);
  return answer.dir;
}

async function start(stateDir: string, port: string | undefined): Promise<void> {
  const binaries = await binariesFor(["etcd", "kube-apiserver"], false);
  const server = await startRealApiServer({
    binaries,
    stateDir,
    outliveParent: true,
    ...(port === undefined ? {} : { port: Number(port) }),
  });
  writeFileSync(join(stateDir, "pids"), `${server.apiServer.pid} ${server.etcd.pid}\n`);
  console.log(`KUBECONFIG=${server.kubeconfig}\nKUBE_SERVER=${server.url}`);
}

/** Ends what `start` left running: only a process whose command line names our state folder. */
function stop(stateDir: string): void {
  const file = join(stateDir, "pids");
  for (const pid of readFileSync(file, "utf8").trim().split(" ")) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(stateDir))
        process.kill(Number(pid), "SIGKILL");
    } catch {
      // it has ended already
    }
  }
  rmSync(file);
}

async function main([verb, ...words]: string[]): Promise<void> {
  const state = words[0] === undefined ? undefined : resolve(words[0]);
  if (verb === "build") {
    const asked = words.length > 0 ? words : ["etcd", "kube-apiserver", "kubectl"];
    console.log(await binariesFor(asked as Component[], true));
  } else if (verb === "start" && state !== undefined) await start(state, words[1]);
  else if (verb === "stop" && state !== undefined) stop(state);
  else throw new Error(usage);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
