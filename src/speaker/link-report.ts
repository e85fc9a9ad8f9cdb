/** Tells the ring what our interfaces can answer, as soon as it changes. */

import { type InterfacePlan, LinkWatch } from "../layer2/index.ts";
import { type Logger, monotonicMs, NamedTimers } from "../platform/index.ts";
import { macsText } from "./member-macs.ts";

export interface LinkReportOptions {
  /** `--layer2-link-handover` */
  readonly tellsLinks: boolean;
  readonly logger: Logger;
  readonly onNews: (text: string) => void;
  /** Ours, so that the others know who it is whom they hear; always after `onNews`, which matters more. */
  readonly onMacs: (text: string) => void;
}

export class LinkReport {
  readonly #options: LinkReportOptions;
  readonly #watch: LinkWatch;
  #macs = "";
  readonly #timers = new NamedTimers<"again">(() => this.#tell());

  constructor(options: LinkReportOptions) {
    this.#options = options;
    this.#watch = new LinkWatch(options);
  }

  /** Takes the machine's interfaces as they are now. */
  setInterfaces(plan: InterfacePlan): void {
    this.#watch.setInterfaces(plan, monotonicMs());
    this.#tell();
    this.#tellMacs(plan);
  }

  close(): void {
    this.#timers.cancelAll();
  }

  #tellMacs({ asking }: InterfacePlan): void {
    const text = macsText(asking.map(({ mac }) => mac));
    if (text === this.#macs) return;
    this.#macs = text;
    this.#options.onMacs(text);
  }

  #tell(): void {
    const { text, againMs } = this.#watch.news(monotonicMs());
    // A timer may come a little before its time.
    if (againMs === undefined) this.#timers.cancel("again");
    else this.#timers.set("again", Math.ceil(againMs) + 1);
    if (text === undefined) return;
    const msg = "told the other speakers on which interfaces this node can answer";
    this.#options.logger.info({ op: "tellLinks", interfaces: text, msg });
    this.#options.onNews(text);
  }
}
