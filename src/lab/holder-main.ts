/**
 * The first process inside a lab: builds the network, starts the cluster, and lives as long as the
 * lab. It ends when the process that started it ends (its line on descriptor 3 closes), unless it
 * was told to stay; everything in the lab ends with it.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Socket } from "node:net";
import { join } from "node:path";
import { removeStateFolder } from "./state-folder.ts";
import { networkCommands, planTopology } from "./topology.ts";

export interface HolderOptions {
  readonly nodeNames?: readonly string[];
  /** False: the LAN only, no API server, no kubelets. */
  readonly withCluster?: boolean;
  /** Seeded beside the nodes and kube-proxy: what the tutorial takes for granted (Grafana). */
  readonly withTutorialObjects?: boolean;
  /** Image name to program, besides those of this checkout (or in their place). */
  readonly programs?: Readonly<Record<string, readonly string[]>>;
  /** A node whose heart has not beaten for this long is NotReady (real clusters: 40 s). */
  readonly nodeGraceMs?: number;
}

/**
 * The lab's own view of the file system: /run is new and empty (network namespaces and mount points
 * live there), and /etc and /var/lib can be written to without touching the machine's.
 */
const mountCommands = [
  "mount -t sysfs sysfs /sys",
  "mount -t tmpfs -o mode=755 tmpfs /run",
  "mkdir -p /run/netns /run/lock",
  ...["etc", "var/lib"].flatMap((folder) => {
    const layers = `/run/overlay/${folder}`;
    const where = `lowerdir=/${folder},upperdir=${layers}/upper,workdir=${layers}/work`;
    return [
      `mkdir -p ${layers}/upper ${layers}/work`,
      `mount -t overlay -o ${where} overlay /${folder}`,
    ];
  }),
];

function shell(commands: readonly string[]): void {
  const result = spawnSync("sh", ["-e"], { input: commands.join("\n"), encoding: "utf8" });
  if (result.status !== 0) throw new Error(`the lab's network: ${result.stderr.trim()}`);
}

async function hold(stateDir: string): Promise<void> {
  const line = new Socket({ fd: 3 });
  let isKept = false;
  line.on("data", (bytes) => (isKept ||= bytes.toString().includes("keep")));
  line.on("error", () => {});
  line.on("close", () => {
    if (isKept) return;
    removeStateFolder(stateDir); // whoever would have done it has been killed
    process.exit(0);
  });
  try {
    const text = readFileSync(join(stateDir, "options.json"), "utf8");
    const options = JSON.parse(text) as HolderOptions;
    const topology = planTopology(options.nodeNames);
    shell([...mountCommands, ...networkCommands(topology)]);
    if (options.withCluster !== false) {
      const { startCluster } = await import("./cluster-in-lab.ts");
      await startCluster(stateDir, topology, options, (text) => line.write(`... ${text}\n`));
    }
    line.write("ready\n");
  } catch (error) {
    console.error(error);
    line.end(`${error instanceof Error ? error.message : String(error)}\n`, () => process.exit(1));
  }
  setInterval(() => {}, 2 ** 30); // with no cluster and no line nothing else keeps this process alive
}

await hold(process.argv[2] ?? "");
