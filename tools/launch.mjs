/**
 * Starts every npm script, on whatever Node a machine has: brings the project's own dependencies
 * and runtime (Node 26), the Debian packages that the verb needs, and then hands over.
 *
 * Plain JavaScript with nothing imported from outside Node, because it runs before `npm ci` and
 * under Node 20, which cannot read TypeScript. All that it says goes to stderr: stdout belongs to
 * the verb.
 */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, writeFileSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Program that a verb calls -> Debian package that brings it. */
const lab = {
  ip: "iproute2",
  nft: "nftables",
  kubectl: "kubernetes-client",
  openssl: "openssl",
  curl: "curl",
  diff: "diffutils",
  unshare: "util-linux",
  setpriv: "util-linux",
  pgrep: "procps",
};
const measuring = { ...lab, arping: "iputils-arping", tcpdump: "tcpdump" };
const testing = { ...measuring, chromium: "chromium", git: "git", ndisc6: "ndisc6" };

const verbs = {
  demo: { programs: lab, build: true, run: ["src/cli/main.ts", "demo"] },
  test: { programs: testing, build: true, run: ["tools/test.ts", "all"] },
  "test:kube": { programs: testing, build: true, run: ["tools/test.ts", "kube"] },
  soak: { programs: lab, build: false, run: ["tools/soak.ts"] },
  check: { programs: {}, build: false, run: ["tools/check.ts"] },
  build: { programs: {}, build: true, run: undefined },
  manifests: { programs: {}, build: false, run: ["tools/manifests.ts"] },
  metallb: { programs: {}, build: true, run: ["dist/metallb.mjs"] },
  simulate: { programs: {}, build: false, run: ["tools/simulate.ts"] },
  bench: { programs: measuring, build: true, run: ["bench/main.ts"] },
};

main(process.argv[2], process.argv.slice(3));

function main(verb, args) {
  const plan = verbs[verb ?? ""];
  if (plan === undefined) {
    fail(`unknown verb "${verb}"; one of: ${Object.keys(verbs).join(", ")}`, 2);
  }
  installDependencies();
  const node = findRuntime();
  installPrograms(plan.programs);
  if (plan.build) {
    const built = spawnSync(node, nodeArguments(["tools/build.ts"]), {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
    if (built.status !== 0) process.exit(built.status ?? 1);
  }
  if (plan.run) handOver(node, [...plan.run, ...args]);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text, status = 1) {
  say(`metallb-ts: ${text}`);
  process.exit(status);
}

/** `npm ci`, when the installed modules are not those of the lock file. */
function installDependencies() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const stamp = join(root, "node_modules", ".lockfile-sha256");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("metallb-ts: installing dependencies (npm ci)");
  const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    env: { ...process.env, NODE_ENV: "development" },
  });
  if (npm.status !== 0) fail("npm ci failed (see above); is the npm registry reachable?");
  writeFileSync(stamp, wanted);
}

/** The pinned Node 26 that `npm ci` brought. */
function findRuntime() {
  const node = join(
    root,
    "node_modules",
    `node-${process.platform}-${process.arch}`,
    "bin",
    "node",
  );
  if (!existsSync(node)) {
    fail(
      `no runtime for ${process.platform}-${process.arch}: metallb-ts runs on Linux, x64 or arm64`,
    );
  }
  return node;
}

/** Debian packages for the programs that are missing; without root, one line that says how. */
function installPrograms(programs) {
  // Debian keeps ip and nft in sbin, which is not on every user's PATH.
  process.env.PATH = [process.env.PATH, "/usr/local/sbin", "/usr/sbin", "/sbin"].join(delimiter);
  const missing = Object.keys(programs).filter((program) => !onPath(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => programs[program]))].sort();
  const command = `apt-get install -y --no-install-recommends ${packages.join(" ")}`;
  if (process.getuid() !== 0 || !onPath("apt-get")) {
    fail(`missing: ${missing.join(", ")}; install them (Debian, as root): ${command}`);
  }
  say(`metallb-ts: installing ${packages.join(", ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const stdio = ["ignore", "ignore", 2];
  spawnSync("apt-get", ["update", "-qq"], { stdio, env });
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...packages];
  spawnSync("apt-get", install, { stdio, env });
  const still = missing.filter((program) => !onPath(program));
  if (still.length > 0) fail(`still missing: ${still.join(", ")}; tried: ${command}`);
}

function onPath(program) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function nodeArguments(args) {
  return ["--disable-warning=ExperimentalWarning", ...args];
}

/** Runs the verb as a child, passes signals on, and ends as it ended. */
function handOver(node, args) {
  const [script, ...rest] = args;
  const child = spawn(node, nodeArguments([join(root, script), ...rest]), { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal's Ctrl-C reaches the child by itself; we only must outlive it.
    process.on(signal, () => signal === "SIGINT" || child.kill(signal));
  }
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (osConstants.signals[signal] ?? 0));
  });
}
