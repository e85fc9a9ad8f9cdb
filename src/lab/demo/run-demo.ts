/** `metallb demo`: builds a lab, runs the tutorial in it, and clears it away. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Lab, openLab, startLab, stopLab } from "../lab.ts";
import { LabError } from "../private-namespaces.ts";
import { CheckFailed, Narrator } from "./narrator.ts";
import { steps } from "./steps.ts";

const usage = `metallb demo: MetalLB's tutorial on a LAN of network namespaces, on this machine

  (nothing)            build the LAN and the cluster, run and check every step, clear all away
  --keep               leave everything running at the end
  --shell[=PLACE]      a shell in the lab that was kept; PLACE is lan, client or a node
  --down               end the lab that was kept
  --screenshot FILE    where the browser step keeps its picture (default: in the folder for temporary files)
`;
const checkout = join(import.meta.dirname, "../../..");
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
  if (lab === undefined) {
    process.stderr.write(
      "metallb demo: no lab is running; start one with: npm run demo -- --keep\n",
    );
    return 1;
  }
  const [program = "", ...rest] = lab.commandLine(place, [process.env["SHELL"] ?? "sh"]);
  const env = { ...process.env, KUBECONFIG: lab.kubeconfig };
  return spawnSync(program, rest, { stdio: "inherit", env }).status ?? 1;
}

async function runTutorial(stateDir: string, options: DemoOptions): Promise<number> {
  let interruption: Promise<number> | undefined;
  for (const [signal, status] of Object.entries(signals)) {
    process.once(signal, () => {
      process.stderr.write("\nInterrupted: clearing the lab away.\n");
      interruption = stopLab(stateDir).then(() => process.exit(status));
    });
  }
  try {
    return await buildAndRun(stateDir, options);
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

async function buildAndRun(stateDir: string, options: DemoOptions): Promise<number> {
  process.stdout.write("Building a LAN of network namespaces and starting a cluster in it ...\n");
  const ownPicture = join(tmpdir(), `metallb-ts-grafana-${userInfo().uid}.png`);
  const screenshotFile = resolve(options.screenshot ?? ownPicture);
  process.chdir(checkout); // the tutorial's file names are relative to it
  const startedAt = performance.now();
  const stopHint = "stop it with Ctrl-C there, or with: npm run demo -- --down";
  const lab = await startLab({ stateDir, stopHint, withTutorialObjects: true });
  const isChecked = await runSteps(lab, join(stateDir, "grafana.png"));
  keepScreenshot(stateDir, screenshotFile);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const verdict = isChecked ? "Every step was checked" : "Not every step was checked";
  process.stdout.write(`${verdict} (${seconds} s).\n`);
  if (options.keep) {
    lab.keep();
    process.stdout.write(lookAround(lab));
  } else {
    await lab.stop();
  }
  return isChecked ? 0 : 1;
}

/** Only a finished demo leaves a file behind. */
function keepScreenshot(stateDir: string, target: string): void {
  const taken = join(stateDir, "grafana.png");
  if (!existsSync(taken)) return;
  copyFileSync(taken, target);
  process.stdout.write(`The browser's picture of the page: ${target}\n`);
}

async function runSteps(lab: Lab, screenshot: string): Promise<boolean> {
  const narrator = new Narrator(lab);
  const { nodes, client } = lab.topology;
  const hosts = [...nodes, client].map(({ name, address }) => `${name} ${address}`);
  narrator.say(`Ready: ${hosts.join(", ")}.`);
  const done: string[] = [];
  let failure: string | undefined;
  for (const step of steps) {
    narrator.heading(step.title);
    try {
      await step.run({ lab, narrator, screenshot });
      done.push(step.title);
    } catch (error) {
      failure = error instanceof CheckFailed ? `not so: ${error.message}` : String(error);
      narrator.say(`✘ ${failure}`);
      break;
    }
  }
  narrator.heading("Summary");
  for (const { title } of steps) narrator.say(`${done.includes(title) ? "✔" : "✘"} ${title}`);
  narrator.say(`${narrator.checks.length} checks passed.`);
  return failure === undefined;
}

function lookAround(lab: Lab): string {
  return `
Everything keeps running. To look around:
  npm run demo -- --shell            a shell on the LAN; kubectl works there (KUBECONFIG=${lab.kubeconfig})
  npm run demo -- --shell=client     on the client; also: ${lab.topology.nodes.map(({ name }) => name).join(", ")}
  logs: ${lab.stateDir}/pods/NODE/POD/
To stop: npm run demo -- --down
`;
}
