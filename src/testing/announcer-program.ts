/**
 * Announces addresses in the namespace that it is started in, by the way of its argument: `kernel`, `packet` or `auto`
 * (the default). On standard input: `announce IP`, `withdraw IP`,
 * `counters IP`, `drops`, `way`; each line is told when it was taken.
 */

import { createInterface } from "node:readline";
import { parseAddress } from "../ip/index.ts";
import { planInterfaces } from "../layer2/index.ts";
import { createLogger, stopSignal, watchNetworkInterfaces } from "../platform/index.ts";
import { Layer2Announcer } from "../speaker/index.ts";
import { countsByAddress } from "../speaker/layer2-counts.ts";
import { chooseWay } from "../speaker/layer2-way.ts";

const logger = createLogger({ form: "legacy" });
const way = chooseWay({ choice: process.argv[2] ?? "auto", logsRequests: false });
const announcer = new Layer2Announcer({ logger, way });
/** Of both ways together. */
const counters = () =>
  new Map(countsByAddress(announcer.addresses.counters(), announcer.kernelCounts()?.answers));
const interfaces = watchNetworkInterfaces({
  onChange: (found) => announcer.setInterfaces(planInterfaces(found)),
  onFallback: (error) => logger.warn({ op: "watchInterfaces", error }),
});
createInterface(process.stdin).on("line", (line) => {
  const [verb, text = ""] = line.split(" ");
  const ip = parseAddress(text);
  if (verb === "announce" && ip !== undefined) announcer.announce(text, ip, "all");
  if (verb === "withdraw") announcer.withdraw(text);
  if (verb === "counters") logger.info({ counters: counters().get(text) });
  if (verb === "drops") {
    const counts = announcer
      .counts()
      .map(({ protocol, drops }) => [protocol, Object.fromEntries(drops)]);
    logger.info({ drops: Object.fromEntries(counts) });
  }
  if (verb === "way") logger.info({ way: announcer.way });
  logger.info({ taken: line });
});
await stopSignal();
interfaces.close();
announcer.close();
process.stdin.destroy();
