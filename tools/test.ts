/**
 * Runs a suite with node's own runner: `all` is every test file, `unit` those beside pure code
 * and the tidy test, `kube` the ones that need a real kube-apiserver.
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname } from "node:path";
import { realkubeBinaries } from "./realkube/index.ts";

const root = dirname(import.meta.dirname);

interface Suite {
  files: string[];
  without?: string[];
  flags?: string[];
  env: Record<string, string>;
}

const suites: Record<string, Suite> = {
  all: { files: ["src/**/*.test.ts", "test/**/*.test.ts"], env: {} },
  unit: {
    files: [
      "src/{ip,bpf,kube,schema,crds,config,allocator,election,layer2,memberlist,ring}/**/*.test.ts",
      "src/{status,assignment,admission,migrate,lint,plan,wire}/**/*.test.ts",
      "src/{memberlist,ring}/**/*.test.ts",
      "src/controller/*.test.ts",
      "src/speaker/*.test.ts",
      "test/tidy.test.ts",
    ],
    // These start servers and whole programs.
    without: [
      "src/controller/main.test.ts",
      "src/controller/{modern-program,pool-status-writer,webhook-*}.test.ts",
      "src/speaker/{cluster-watch,condition-writer,ring-program,service-status-writer}.test.ts",
    ],
    // Pure code shares nothing, so one process is as good as sixty, and starts once.
    flags: ["--test-isolation=none"],
    env: {},
  },
  kube: {
    files: ["test/kube-api/**/*.test.ts", "test/kube/**/*.test.ts"],
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
const files = globSync(suite.files, { cwd: root, exclude: suite.without ?? [] }).sort();
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
    ...(suite.flags ?? []),
    ...flags,
    ...(named.length > 0 ? named : files),
  ],
  {
    cwd: root,
    stdio: "inherit",
    env: { NODE_NO_WARNINGS: "1", ...process.env, ...suite.env },
  },
);
process.exit(result.status ?? 1);
