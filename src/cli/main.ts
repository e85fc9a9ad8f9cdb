/** Entry point of everything: `metallb VERB ...`; each verb is loaded only when it is asked for. */
import { basename } from "node:path";
import packageJson from "../../package.json" with { type: "json" };

type Program = (argv: string[], env: NodeJS.ProcessEnv) => Promise<number>;

interface Verb {
  summary: string;
  load: () => Promise<Program>;
}

const verbs: Record<string, Verb> = {
  controller: {
    summary: "hand out addresses from pools (the Deployment's program)",
    load: async () => (await import("../controller/index.ts")).runController,
  },
  speaker: {
    summary: "announce addresses from this node (the DaemonSet's program)",
    load: async () => (await import("../speaker/index.ts")).runSpeaker,
  },
  apiserver: {
    summary: "run the embedded Kubernetes API server, a development stand-in",
    load: async () => (await import("../apiserver/index.ts")).runApiServer,
  },
  demo: {
    summary: "run the tutorial in network namespaces on this machine",
    load: async () => (await import("../lab/index.ts")).runDemo,
  },
  lint: {
    summary: "say what is wrong with configuration files, without a cluster",
    load: async () => (await import("./lint.ts")).runLint,
  },
  migrate: {
    summary: "make custom resources of a ConfigMap, and show what Services would notice",
    load: async () => (await import("./migrate.ts")).runMigrate,
  },
  configmaptocrs: {
    summary: "the same with the flags and files of MetalLB's own converter",
    load: async () => (await import("./configmaptocrs.ts")).runConfigMapToCrs,
  },
  plan: {
    summary: "say who would get which address and who would announce it, and what a change costs",
    load: async () => (await import("./plan.ts")).runPlan,
  },
  explain: {
    summary: "say why a Service has its address, or none, and why nodes announce it or do not",
    load: async () => (await import("./explain.ts")).runExplain,
  },
  members: {
    summary: "show the ring of speakers as the one of this node sees it",
    load: async () => (await import("./members.ts")).runMembers,
  },
  status: {
    summary: "show how speakers answer ARP and NDP, and what they do not answer",
    load: async () => (await import("./status.ts")).runStatus,
  },
  version: {
    summary: "print the version",
    load: () => Promise.resolve(printVersion),
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(verbs).map((name) => name.length));
  const lines = Object.entries(verbs).map(
    ([name, verb]) => `  ${name.padEnd(width)}  ${verb.summary}`,
  );
  return `usage: metallb VERB [flags]\n\n${lines.join("\n")}\n\n'metallb VERB -h' lists the flags of a verb.\n`;
}

function printVersion(): Promise<number> {
  process.stdout.write(`metallb-ts ${packageJson.version} (node ${process.version})\n`);
  return Promise.resolve(0);
}

/** Runs the verb that the command line names and returns the exit status (2: no such verb). */
async function runCli(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [name = "", ...rest] = argv;
  if (["-v", "--version"].includes(name)) return printVersion();
  if (["-h", "--help", "help"].includes(name)) {
    process.stdout.write(usage());
    return 0;
  }
  const verb = verbs[name];
  if (verb === undefined) {
    const problem = name === "" ? "no verb given" : `unknown verb "${name}"`;
    process.stderr.write(`metallb: ${problem}\n\n${usage()}`);
    return 2;
  }
  const program = await verb.load();
  return program(rest, env);
}

/** A link of this name to the program stands in for MetalLB's own converter (MIG-1). */
const converter = "configmaptocrs";

const [, path = "", ...words] = process.argv;
const argv = basename(path) === converter ? [converter, ...words] : words;
process.exitCode = await runCli(argv, process.env);
