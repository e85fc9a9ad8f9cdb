/**
 * Runs a suite with node's own runner: `all` is every test file, `unit` those beside pure code
 * and the tidy test, `kube` the ones that need a real kube-apiserver.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { pureTests } from "./pure-tests.ts";
import { realkubeBinaries } from "./realkube/index.ts";

const root = dirname(import.meta.dirname);

interface Suite {
  files: string[];
  env: Record<string, string>;
}

// The runner starts files by the order of their paths, so this one, which takes long, is the first.
const allPureTests = join(root, "tools/run-pure-tests.ts");

const suites: Record<string, Suite> = {
  all: {
    files: [
      allPureTests,
      ...globSync(["src/**/*.test.ts", "test/**/*.test.ts"], { cwd: root, exclude: pureTests() }),
    ],
    env: {},
  },
  unit: { files: [allPureTests], env: {} },
  kube: {
    files: globSync(["test/kube-api/**/*.test.ts", "test/kube/**/*.test.ts"], { cwd: root }),
    env: { KUBE_API_UNDER_TEST: "real", REALKUBE_BUILD: "1", REQUIRE_REALKUBE: "1" },
  },
};

const [name = "all", ...rest] = process.argv.slice(2);
const suite = suites[name];
if (suite === undefined) {
  process.stderr.write(`no suite "${name}"; one of: ${Object.keys(suites).join(", ")}\n`);
  process.exit(2);
}
if (suite.env["REALKUBE_BUILD"] === "1") {
  // Once, here: test files that run side by side would each build.
  await realkubeBinaries({ components: ["etcd", "kube-apiserver"], build: true });
}
const named = rest.filter((word) => !word.startsWith("-"));
const flags = rest.filter((word) => word.startsWith("-"));
const result = spawnSync(
  process.execPath,
  [
    "--disable-warning=ExperimentalWarning",
    "--test",
    ...(flags.some((flag) => flag.startsWith("--test-reporter")) ? [] : ["--test-reporter=spec"]),
    "--test-concurrency=2",
    // A test that hangs shall fail, not eat the whole run.
    "--test-timeout=900000",
    ...flags,
    ...(named.length > 0 ? named : suite.files),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: {
      NODE_NO_WARNINGS: "1",
      // Most processes of a run load the same modules: what the first has made of their TypeScript is kept for the others.
      NODE_COMPILE_CACHE: join(root, ".cache/compiled"),
      ...process.env,
      ...suite.env,
    },
  },
);
process.exit(result.status ?? 1);
