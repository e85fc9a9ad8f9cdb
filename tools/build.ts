/**
 * Bundles the programs into dist/, without install scripts: metallb.mjs (controller, speaker and CLI), and
 * kubelet.mjs and service-proxy.mjs of the lab. Each verb is a chunk of its own, so that a program loads only what it runs.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const require = createRequire(import.meta.url);
const platformPackage = `@esbuild/${process.platform}-${process.arch}`;
// The package named `esbuild` only finds this binary, by an install script that we do not want.
const esbuild = join(dirname(require.resolve(`${platformPackage}/package.json`)), "bin", "esbuild");

const output = join(root, "dist");
mkdirSync(output, { recursive: true });
// Another build may run at this moment: each writes into a folder of its own and moves its files into place.
const draft = mkdtempSync(join(output, ".draft-"));
// Dependencies in CommonJS call require(), which an ES module does not have by itself.
const banner =
  `import { createRequire as createRequireForBundle } from "node:module";` +
  `const require = createRequireForBundle(import.meta.url);`;
const staleAfterMs = 3_600_000;

const status = bundle();
if (status === 0) moveIntoPlace();
rmSync(draft, { recursive: true });
process.exitCode = status;

function bundle(): number {
  const words = [
    `metallb=${join(root, "src/cli/main.ts")}`,
    `kubelet=${join(root, "src/cluster/kubelet-main.ts")}`,
    `service-proxy=${join(root, "src/cluster/service-proxy-main.ts")}`,
    "--bundle",
    "--splitting",
    "--platform=node",
    "--format=esm",
    "--target=node24",
    "--external:@koromix/*",
    "--external:playwright-core",
    "--legal-comments=none",
    "--log-level=warning",
    "--out-extension:.js=.mjs",
    `--banner:js=${banner}`,
    `--outdir=${draft}`,
    ...stamp("METALLB_BUILD_COMMIT", ["rev-parse", "HEAD"]),
    ...stamp("METALLB_BUILD_BRANCH", ["rev-parse", "--abbrev-ref", "HEAD"]),
  ];
  return spawnSync(esbuild, words, { stdio: ["ignore", "inherit", "inherit"] }).status ?? 1;
}

/** FL-3: what the first log line tells of the build; the environment is asked first, then git. */
function stamp(name: string, gitWords: string[]): string[] {
  const git = spawnSync("git", gitWords, { cwd: root, encoding: "utf8" });
  const value = process.env[name] ?? (git.status === 0 ? git.stdout.trim() : undefined);
  return value === undefined ? [] : [`--define:process.env.${name}=${JSON.stringify(value)}`];
}

/** Chunks first: a program that starts meanwhile finds all that its entry names, old or new. */
function moveIntoPlace(): void {
  const isChunk = (file: string): boolean => /-[A-Z0-9]{8}\.mjs$/.test(file);
  const built = readdirSync(draft).sort((a, b) => Number(isChunk(b)) - Number(isChunk(a)));
  for (const file of built) renameSync(join(draft, file), join(output, file));
  for (const file of readdirSync(output).filter(isChunk)) {
    const path = join(output, file);
    if (Date.now() - statSync(path).mtimeMs > staleAfterMs) rmSync(path, { force: true });
  }
}
