/** Tells the ring what our interfaces can answer, as soon as it changes. */

import { LinkWatch, type NetworkInterface } from "../layer2/index.ts";
import { type Logger, monotonicMs, NamedTimers } from "../platform/index.ts";

export interface LinkReportOptions {
  /** Interfaces whose names it matches take no part (L2-85). */
  readonly exclusion: RegExp | undefined;
  /** `--layer2-link-handover` */
  readonly tellsLinks: boolean;
  readonly logger: Logger;
  readonly onNews: (text: string) => void;
}

export class LinkReport {
  readonly #options: LinkReportOptions;
  readonly #watch: LinkWatch;
  readonly #timers = new NamedTimers<"again">(() => this.#tell());

  constructor(options: LinkReportOptions) {
    this.#options = options;
    this.#watch = new LinkWatch(options);
  }

  /** Takes the machine's interfaces as they are now. */
  setInterfaces(interfaces: readonly NetworkInterface[]): void {
    this.#watch.setInterfaces(interfaces, monotonicMs());
    this.#tell();
  }

  close(): void {
    this.#timers.cancelAll();
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
