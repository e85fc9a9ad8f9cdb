/**
 * Builds Kubernetes' own programs and etcd out of the Go module proxy, without git or a registry.
 *
 * `go install k8s.io/kubernetes/...@v` cannot work: its go.mod points each staging library
 * (k8s.io/api, k8s.io/client-go, ...) at a folder that the published module does not contain. The same
 * libraries are published as modules of their own: v1.X.Y of Kubernetes is v0.X.Y of each of them. So a
 * small stand-in module repeats Kubernetes' requirements and redirects each library to that version.
 */
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { buildTags, kubernetesVersion, stampPrefix, type Component } from "./versions.ts";

const run = promisify(execFile);

const goEnvironment = {
  ...process.env,
  CGO_ENABLED: "0",
  GOWORK: "off",
  GOFLAGS: "-buildvcs=false",
};

/** The installed Go as it names itself, with its architecture ("go1.26.8 amd64"); undefined without Go. */
export async function goVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run("go", ["env", "GOVERSION", "GOARCH"]);
    return stdout.trim().split("\n").join(" ");
  } catch {
    return undefined;
  }
}

/** Builds each component into `dir` and stamps it; progress goes to standard error. */
export async function buildComponents(components: Component[], dir: string): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const version = await goVersion();
  if (version === undefined) throw new Error("Go is not installed: no Kubernetes can be built");
  const kubernetes = await prepareKubernetesModule(join(dir, ".build"));
  for (const component of components) {
    process.stderr.write(`realkube: building ${component} (minutes when Go's cache is cold)\n`);
    const fresh = join(dir, `${component}.${process.pid}.new`);
    if (component === "etcd") await buildEtcd(join(dir, ".build"), kubernetes, fresh);
    else await buildKubernetes(component, kubernetes, fresh);
    renameSync(fresh, join(dir, component));
    writeFileSync(join(dir, `.${component}.stamp`), `${stampPrefix(component)}${version}\n`);
  }
}

/** Writes the stand-in module; returns its folder. */
async function prepareKubernetesModule(work: string): Promise<string> {
  const folder = join(work, `kube-${kubernetesVersion}`);
  if (existsSync(join(folder, ".ready"))) return folder;
  mkdirSync(folder, { recursive: true });
  const moduleFile = join(folder, "go.mod");
  writeFileSync(moduleFile, "module x\n");
  const module = `k8s.io/kubernetes@${kubernetesVersion}`;
  const { stdout } = await run("go", ["mod", "download", "-json", module], {
    cwd: folder,
    env: goEnvironment,
  });
  const { GoMod: original } = JSON.parse(stdout) as { GoMod: string };
  writeFileSync(moduleFile, standInModule(readFileSync(original, "utf8")));
  writeFileSync(join(folder, ".ready"), "");
  return folder;
}

/** Turns Kubernetes' own go.mod into that of a module which builds it from published libraries. */
export function standInModule(original: string): string {
  const staging = kubernetesVersion.replace(/^v1\./, "v0.");
  const redirected = original
    .replace(/^module .*/m, "module realkube")
    .replace(/^(\s+k8s\.io\/[\w.-]+) v0\.0\.0(?=\s|$)/gm, `$1 ${staging}`)
    .replace(/=> \.\/staging\/src\/(k8s\.io\/[\w.-]+)/g, `=> $1 ${staging}`);
  return `${redirected}\nrequire k8s.io/kubernetes ${kubernetesVersion}\n`;
}

async function buildKubernetes(component: Component, folder: string, out: string): Promise<void> {
  const [major, minor] = kubernetesVersion.slice(1).split(".");
  const flags = ["-s", "-w"];
  for (const place of ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"]) {
    const facts = {
      gitVersion: kubernetesVersion,
      gitMajor: major,
      gitMinor: minor,
      gitTreeState: "clean",
      gitCommit: "moduleproxy",
      buildDate: "1970-01-01T00:00:00Z", // constant, so that the build cache stays warm
    };
    for (const [name, value] of Object.entries(facts)) flags.push(`-X ${place}.${name}=${value}`);
  }
  const options = ["-mod=mod", "-trimpath", "-tags", buildTags, "-ldflags", flags.join(" ")];
  await goBuild(folder, [...options, "-o", out, `k8s.io/kubernetes/cmd/${component}`]);
}

/** etcd's own modules are all published at one version, the one whose client Kubernetes requires. */
async function buildEtcd(work: string, kubernetes: string, out: string): Promise<void> {
  const requirements = readFileSync(join(kubernetes, "go.mod"), "utf8");
  const version = /go\.etcd\.io\/etcd\/client\/v3 (v[\d.]+)/.exec(requirements)?.[1];
  if (version === undefined) throw new Error("Kubernetes' go.mod names no etcd client version");
  const folder = join(work, `etcd-${version}`);
  mkdirSync(folder, { recursive: true });
  const server = "go.etcd.io/etcd/server/v3";
  if (!existsSync(join(folder, "go.mod"))) {
    const text = `module realkube-etcd\n\ngo 1.24.0\n\nrequire ${server} ${version}\n`;
    writeFileSync(join(folder, "go.mod"), text);
  }
  await goBuild(folder, ["-mod=mod", "-trimpath", "-ldflags", "-s -w", "-o", out, server]);
}

async function goBuild(folder: string, args: string[]): Promise<void> {
  const child = spawn("go", ["build", ...args], {
    cwd: folder,
    env: goEnvironment,
    stdio: ["ignore", "inherit", "inherit"],
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  if (status !== 0) throw new Error(`go build ${args.at(-1)} ended with status ${status}`);
}
