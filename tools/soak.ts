/**
 * A long run of a mixed ring: members of ours and of the real library, with loss, and both cores busy if asked. Nobody may
 * be found dead who lives; in the last minute one is killed, and all others must agree.
 *
 *   npm run -s soak -- --minutes 30 [--members 9] [--loss 2] [--busy]
 */
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { LineProgram } from "../src/testing/line-program.ts";
import { enterPrivateNetwork, whyNoNamespaces } from "../src/testing/index.ts";
import { buildGoMembers } from "../test/gossip/go-member.ts";
import { MixedRing } from "../test/gossip/mixed-ring.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "30" },
    members: { type: "string", default: "9" },
    loss: { type: "string", default: "2" },
    busy: { type: "boolean", default: false },
  },
});
const [minutes, members, loss] = [values.minutes, values.members, values.loss].map(Number);
if (!(minutes! > 1) || !(members! >= 3 && members! <= 200) || !(loss! >= 0 && loss! < 100)) {
  throw new Error("--minutes is more than 1, --members is 3 to 200, --loss is in per cent");
}
const obstacle = whyNoNamespaces("nft", "setpriv", "nsenter") ?? buildGoMembers();
if (obstacle !== false) throw new Error(obstacle);
enterPrivateNetwork();

const lastMs = 60_000;
const say = (text: string): boolean => process.stderr.write(`${text}\n`);
const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const go = Math.floor(members! / 2);
const ring = await MixedRing.prepare({ ours: members! - go, go });
const burners = values.busy ? Array.from({ length: availableParallelism() }, () => burner()) : [];

function burner(): LineProgram {
  return new LineProgram(["sh", "-c", "while :; do :; done"]);
}

try {
  ring.startAll();
  await ring.agree();
  ring.forgetDeaths();
  ring.hosts.lose(loss!);
  say(`soak: ${members} members agree; ${loss} % loss, ${minutes} minutes`);
  const startedMs = performance.now();
  const killMs = startedMs + minutes! * 60_000 - lastMs;
  let told = 0;
  while (performance.now() < killMs) {
    await after(Math.min(5000, killMs - performance.now()));
    const deaths = ring.falseDeaths();
    if (deaths.length === told) continue;
    told = deaths.length;
    // At once, with the load: whoever looks for the cause later has nothing else to go by.
    say(
      `soak: ${new Date().toISOString()}, load ${loadavg()[0]}: false deaths ${deaths.join(", ")}`,
    );
    say(ring.show());
  }
  const falseDeaths = ring.falseDeaths();
  if (falseDeaths.length > 0) say(ring.show());
  const victim = "ours0";
  await ring.kill(victim);
  const killedMs = performance.now();
  const agreed = await Promise.race([ring.agree().then(() => true), after(lastMs)]);
  const agreedMs = agreed === true ? Math.round(performance.now() - killedMs) : null;
  if (agreedMs === null) say(ring.show());
  const result = { experiment: "soak", minutes, members, lossPercent: loss, busy: values.busy };
  const found = { falseDeaths: falseDeaths.length, agreedMs };
  process.stdout.write(`${JSON.stringify({ ...result, ...found })}\n`);
  process.exitCode = falseDeaths.length === 0 && agreedMs !== null ? 0 : 1;
} finally {
  for (const one of burners) await one.stop("SIGKILL");
  await ring.remove();
}
process.exit();
