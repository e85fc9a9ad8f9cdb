/**
 * Row `arp`: a real speaker announces so many addresses, and a client at the other end of its cable asks for one of them
 * by ARP, or by NDP with `--family 6`. `--addresses 1,1000,10000` (these), `--who NAME,NAME`, `--seconds N` (5) of
 * answers counted with each window.
 *
 * From start to the first answer; memory and processor time at rest; round trips one after the other; answers a second
 * with 64, 256 or 1024 questions under way (`window` is the one that gives most); round trips, a millisecond apart,
 * while the API server starts anew and the speaker lists everything again; and how long a stopped process is answered
 * for. The first row, `kernel`, is the bar for answers in the kernel: the node's own kernel, asked for its own address.
 *
 * Who asks is a program in Go, `go-asker`, that reads without ever waiting, so that only the responder's time counts.
 */
import {
  announcedRanges,
  createAnnounced,
  createNodes,
  deleteAnnounced,
  deleteNodes,
} from "./lib-announced.ts";
import { Asker } from "./lib-asker.ts";
import { type Contender, contenders } from "./lib-contenders.ts";
import { buildGoProgram } from "./lib-go-program.ts";
import { apiServerAddress, BenchLan, layManagement } from "./lib-lan.ts";
import { listFlag, numberFlag, printRow } from "./lib-numbers.ts";
import { cpuMs, memoryMib, settled } from "./lib-processes.ts";
import { SpeakerRing } from "./lib-ring.ts";
import { openStage, type Stage } from "./lib-stage.ts";
import { enterPrivateWorld } from "./lib-world.ts";

const roundTrips = 5000;
const restSeconds = 10;
const firstAnswerLimitMs = 300_000;
/** Longer than any heartbeat holds. */
const pausedMs = 5000;
/** After the API server is back: a watch that ended is begun anew after 30 s at most, and the list then taken in. */
const relistMs = 45_000;

interface Plan {
  readonly stage: Stage;
  readonly lan: BenchLan;
  readonly program: string;
  readonly ip: string;
  readonly seconds: number;
}

export async function run(args: string[]): Promise<void> {
  const counts = listFlag(args, "addresses", "1,1000,10000").map(Number);
  const family = numberFlag(args, "family", 4) === 6 ? 6 : 4;
  const seconds = numberFlag(args, "seconds", 5);
  const program = buildGoProgram("go-asker");
  enterPrivateWorld();
  const otherwise = "ours-kernel,ours-packet,metallb-0.16.1,metallb-0.9.6";
  const all = contenders(args, otherwise, ["speaker"]);
  layManagement();
  const stage = await openStage({ address: apiServerAddress, pool: announcedRanges[family] });
  const lan = new BenchLan(1, "cable");
  const head = { experiment: "arp", ...(family === 6 && { family }) };
  try {
    await createNodes(stage.client, lan.nodes);
    const own = { lan, program, ip: lan.ownAddress(lan.nodes[0]?.name ?? "", family), seconds };
    printRow({ ...head, who: "kernel", addresses: 1, ...(await measureKernel(own)) });
    for (const count of counts) {
      const ips = await createAnnounced(stage.client, lan.nodes, count, family);
      const plan = { stage, lan, program, ip: ips.at(-1) ?? "", seconds };
      for (const contender of all) {
        const found = await measure(contender, plan);
        printRow({ ...head, who: contender.who, addresses: count, ...found });
      }
      await deleteAnnounced(stage.client, count);
    }
    await deleteNodes(stage.client, lan.nodes);
  } finally {
    await stage.close();
    lan.remove();
  }
}

/** The node's kernel, asked for an address of its own. */
async function measureKernel(plan: Omit<Plan, "stage">): Promise<Record<string, number>> {
  const asker = await Asker.start(plan.lan, plan.program, plan.ip);
  try {
    await asker.order(`first ${firstAnswerLimitMs}`);
    const calm = await asker.order(`roundtrips ${roundTrips}`);
    return { ...calm, ...(await asker.order(`window ${plan.seconds * 1000}`)) };
  } finally {
    await asker.stop();
  }
}

async function measure(contender: Contender, plan: Plan): Promise<Record<string, number>> {
  const { stage, lan, seconds } = plan;
  await stage.configure(contender);
  const asker = await Asker.start(lan, plan.program, plan.ip);
  const apiServer = { host: apiServerAddress, port: stage.port, account: stage.account };
  const ring = new SpeakerRing({ contender, lan, apiServer });
  const speaker = ring.speaker(lan.nodes[0]?.name ?? "");
  try {
    const first = await asker.order(`first ${firstAnswerLimitMs}`);
    await settled(speaker.pid);
    const before = cpuMs(speaker.pid);
    await new Promise((rest) => setTimeout(rest, restSeconds * 1000));
    const idle_ms_per_s = (cpuMs(speaker.pid) - before) / restSeconds;
    const rss_mib = memoryMib(speaker.pid, "VmRSS");
    const calm = await asker.order(`roundtrips ${roundTrips}`);
    const window = await asker.order(`window ${seconds * 1000}`);
    const relist = await whileListed(stage, asker, speaker.pid);
    speaker.signal("SIGSTOP");
    const paused = await asker.order(`paused ${pausedMs}`);
    speaker.signal("SIGCONT");
    return { ...first, rss_mib, idle_ms_per_s, ...calm, ...window, ...relist, ...paused };
  } finally {
    await asker.stop();
    await ring.stop();
  }
}

/** The API server starts anew and has forgotten what changed before: who watches lists all again. */
async function whileListed(
  stage: Stage,
  asker: Asker,
  pid: number,
): Promise<Record<string, number>> {
  const trips = asker.order("while");
  const before = cpuMs(pid);
  await stage.restart();
  await new Promise((resolve) => setTimeout(resolve, relistMs));
  asker.tell("end");
  const found = await trips;
  const row = Object.entries(found).map(([name, value]) => [`relist_${name}`, value] as const);
  return { ...Object.fromEntries(row), relist_cpu_ms: cpuMs(pid) - before };
}
