/** `metallb demo`: builds a lab, runs the tutorial in it, and clears it away. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Lab, openLab, startLab, stopLab } from "../lab.ts";
import { LabError } from "../private-namespaces.ts";
import { CheckFailed, Narrator } from "./narrator.ts";
import { type StepContext, steps } from "./steps.ts";

const usage = `metallb demo: MetalLB's tutorial on a LAN of network namespaces, on this machine

  (nothing)            build the LAN and the cluster, run and check every step, clear all away
  --keep               leave everything running at the end
  --shell[=PLACE]      a shell in the lab that was kept; PLACE is lan, client or a node
  --down               end the lab that was kept
  --screenshot FILE    where the browser step keeps its picture (default: in the folder for temporary files)
`;
const checkout = join(import.meta.dirname, "../../..");
const brokenPipe = 141;
const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Exit status 0: every step was checked; 1: one was not; 2: wrong use; 130: interrupted. */
export async function runDemo(argv: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) return 2;
  const stateDir = env["METALLB_LAB_DIR"] ?? join(tmpdir(), `metallb-ts-demo-${userInfo().uid}`);
  if (options.help) process.stdout.write(usage);
  else if (options.down) process.stdout.write(await takeDown(stateDir));
  else if (options.shell !== undefined) return openShell(stateDir, options.shell);
  else return runTutorial(stateDir, options);
  return 0;
}

interface DemoOptions {
  readonly keep?: boolean;
  readonly down?: boolean;
  readonly help?: boolean;
  readonly shell?: string;
  readonly screenshot?: string;
}

function readOptions(argv: string[]): DemoOptions | undefined {
  try {
    const args = argv.map((word) => (word === "--shell" ? "--shell=lan" : word));
    const { values } = parseArgs({
      args,
      options: {
        keep: { type: "boolean" },
        down: { type: "boolean" },
        help: { type: "boolean", short: "h" },
        shell: { type: "string" },
        screenshot: { type: "string" },
      },
    });
    return values;
  } catch (error) {
    process.stderr.write(`metallb demo: ${(error as Error).message}\n\n${usage}`);
    return undefined;
  }
}

async function takeDown(stateDir: string): Promise<string> {
  const wasRunning = await stopLab(stateDir);
  return wasRunning ? "The lab is gone.\n" : "No lab was running.\n";
}

function openShell(stateDir: string, place: string): number {
  const lab = openLab(stateDir);
  const places = ["lan", "client", ...(lab?.topology.nodes.map(({ name }) => name) ?? [])];
  if (lab === undefined || !places.includes(place)) {
    const why = lab
      ? `no place "${place}" in the lab; it has: ${places.join(", ")}`
      : "no lab is running; start one with: npm run demo -- --keep";
    process.stderr.write(`metallb demo: ${why}\n`);
    return 1;
  }
  const [program = "", ...rest] = lab.commandLine(place, [process.env["SHELL"] ?? "sh"]);
  const env = { ...process.env, KUBECONFIG: lab.kubeconfig };
  return spawnSync(program, rest, { stdio: "inherit", env }).status ?? 1;
}

async function runTutorial(stateDir: string, options: DemoOptions): Promise<number> {
  let interruption: Promise<number> | undefined;
  const stopped = new AbortController();
  const interrupt = (why: string, status: number): void => {
    if (interruption) return;
    stopped.abort();
    process.stderr.write(`\n${why}: clearing the lab away.\n`);
    interruption = stopLab(stateDir).then(() => process.exit(status));
  };
  for (const [signal, status] of Object.entries(signals)) {
    process.on(signal, () => interrupt("Interrupted", status));
  }
  // Whoever read this (`npm run demo | head`) has gone.
  process.stdout.on("error", () => interrupt("Nobody reads the output any more", brokenPipe));
  try {
    return await buildAndRun(stateDir, options, stopped.signal);
  } catch (error) {
    if (interruption) return interruption;
    if (!(error instanceof LabError)) {
      await stopLab(stateDir);
      throw error;
    }
    process.stderr.write(`metallb demo: ${error.message}\n`);
    return 1;
  }
}

async function buildAndRun(
  stateDir: string,
  options: DemoOptions,
  interrupted: AbortSignal,
): Promise<number> {
  const ownPicture = join(tmpdir(), `metallb-ts-grafana-${userInfo().uid}.png`);
  const target = resolve(options.screenshot ?? ownPicture);
  process.chdir(checkout); // the tutorial's file names are relative to it
  const startedAt = performance.now();
  const lab = await startLab({
    stateDir,
    stopHint: "stop it with Ctrl-C there, or with: npm run demo -- --down",
    withTutorialObjects: true,
    onProgress: (text) => process.stdout.write(`... ${text}\n`),
  });
  const narrator = new Narrator(lab, startedAt);
  const picture = join(stateDir, "grafana.png");
  const isChecked = await runSteps({ lab, narrator, screenshot: picture }, interrupted);
  if (existsSync(picture)) narrator.say(keepPicture(picture, target));
  const verdict = isChecked ? "Every step was checked" : "Not every step was checked";
  narrator.say(`${verdict}: ${narrator.checks} checks passed in ${narrator.seconds()} s.`);
  if (options.keep) {
    lab.keep();
    narrator.say(lookAround(lab));
  } else {
    await lab.stop();
  }
  return isChecked ? 0 : 1;
}

/** Only a finished demo leaves a file behind, and it is no worse when it cannot. */
function keepPicture(picture: string, target: string): string {
  try {
    copyFileSync(picture, target);
    return `The browser's picture of the page: ${target}`;
  } catch (error) {
    return `The browser's picture of the page is not kept: ${(error as Error).message}`;
  }
}

async function runSteps(context: StepContext, interrupted: AbortSignal): Promise<boolean> {
  const { lab, narrator } = context;
  const { nodes, client } = lab.topology;
  const hosts = [...nodes, client].map(({ name, address }) => `${name} ${address}`);
  narrator.say(`Ready after ${narrator.seconds()} s: ${hosts.join(", ")}.`);
  const summary: string[] = [];
  for (const { title, run } of steps) {
    const startedAt = performance.now();
    narrator.heading(title);
    try {
      await run(context);
    } catch (error) {
      interrupted.throwIfAborted(); // then it is no fault of the step
      const failure = error instanceof CheckFailed ? `not so: ${error.message}` : String(error);
      narrator.say(`✘ ${failure}`);
      break;
    }
    summary.push(`✔ ${title}  (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`);
  }
  const missed = steps.slice(summary.length).map(({ title }) => `✘ ${title}`);
  narrator.heading("Summary");
  narrator.say([...summary, ...missed].join("\n"));
  return missed.length === 0;
}

function lookAround(lab: Lab): string {
  const hosts = ["client", ...lab.topology.nodes.map(({ name }) => name)].join(", ");
  return `
Everything keeps running (the node without power stays without). To look around:
  npm run demo -- --shell            a shell on the LAN; kubectl works there (KUBECONFIG=${lab.kubeconfig})
  npm run demo -- --shell=client     the same in another network namespace: ${hosts}
  kubectl logs -n metallb-system deployment/controller     what the programs say; namespaces of the
                                     tutorial: kube-system, metallb-system, monitoring
To stop: npm run demo -- --down
`;
}
