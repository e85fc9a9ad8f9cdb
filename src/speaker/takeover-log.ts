/** Which addresses this node took over from others lately, why, and how long each part took. */

import { formatAddress, type IpAddress } from "../ip/index.ts";

/** A member that others must stand in for. */
export interface Loss {
  readonly node: string;
  readonly because: "dead" | "said goodbye";
  /** Who found it dead; undefined where it said goodbye. */
  readonly foundBy: string | undefined;
  /** From its last beat to the questions, or to the verdict where another asked them; undefined: no beats of it came here. */
  readonly silentMs: number | undefined;
  /** How long we asked about it; undefined where another did. */
  readonly inquiryMs: number | undefined;
  /** When it was decided, on the clock of `announced`. */
  readonly decidedMs: number;
}

export interface Takeover {
  readonly service: string;
  readonly ips: readonly string[];
  readonly from: readonly string[];
  readonly because: Loss["because"];
  readonly foundBy?: string;
  readonly silentMs?: number;
  readonly inquiryMs?: number;
  /** From the verdict to our first announcement. */
  readonly announcedMs: number;
}

/** One pass over all services took these over. */
export interface TakeoverBatch {
  readonly addresses: number;
  readonly first: Takeover;
  /** Until the last of them was answered for; of many, its first unasked frame may come 0.1 ms later for each before it. */
  readonly lastMs: number;
}

const mostKept = 100;

/** Elections do not tell whose an address was before; that it is ours for a loss, the pass that follows the loss tells. */
export class TakeoverLog {
  readonly #kept: (Takeover & { readonly at: string })[] = [];
  #losses: Loss[] = [];
  #causes: Loss[] = [];
  #batch: Takeover[] = [];

  lost(loss: Loss): void {
    this.#losses.push(loss);
  }

  /** Elections run again for all losses until now. */
  passBegins(): void {
    this.#causes.push(...this.#losses);
    this.#losses = [];
  }

  /** A service that this node did not announce before. `at`: wall time. */
  announced(
    service: string,
    ips: readonly IpAddress[],
    { nowMs, at }: { readonly nowMs: number; readonly at: string },
  ): void {
    const [cause] = this.#causes;
    if (cause === undefined) return;
    const { because, foundBy, silentMs, inquiryMs, decidedMs } = cause;
    const takeover: Takeover = {
      service,
      ips: ips.map(formatAddress),
      from: this.#causes.map(({ node }) => node),
      because,
      ...(foundBy !== undefined && { foundBy }),
      ...(silentMs !== undefined && { silentMs: Math.round(silentMs) }),
      ...(inquiryMs !== undefined && { inquiryMs: Math.round(inquiryMs) }),
      announcedMs: Math.round((nowMs - decidedMs) * 10) / 10,
    };
    this.#batch.push(takeover);
    this.#kept.push({ at, ...takeover });
    if (this.#kept.length > mostKept) this.#kept.shift();
  }

  /** The elections are through; what they brought, if anything. */
  passEnds(): TakeoverBatch | undefined {
    const batch = this.#batch;
    this.#causes = [];
    this.#batch = [];
    const [first] = batch;
    if (first === undefined) return undefined;
    const addresses = batch.reduce((sum, { ips }) => sum + ips.length, 0);
    return { addresses, first, lastMs: Math.max(...batch.map((one) => one.announcedMs)) };
  }

  /** The latest first. */
  show(): readonly (Takeover & { readonly at: string })[] {
    return this.#kept.toReversed();
  }
}
