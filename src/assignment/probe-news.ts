/** What is told of addresses that were asked for on the wire: events, log lines, counts. */
import type { Family } from "../ip/index.ts";
import type { Service } from "../kube/index.ts";
import type { ProbeAnswer } from "./probe-answer.ts";
import type { ReconcilerCommand } from "./reconciler-messages.ts";

export interface Probed {
  readonly address: string;
  readonly family: Family;
  readonly pool: string;
  readonly answer: ProbeAnswer;
  /** A Service left it a moment ago. */
  readonly lingers: boolean;
  /** How long it is withheld; 0: not at all. */
  readonly forMs: number;
}

export class ProbeNews {
  /** Addresses, by pool and family, of which was said that nobody can ask, and why. */
  readonly #unasked = new Map<string, string>();

  /** `services`: those that would get the address. */
  tell(probed: Probed, services: readonly Service[]): ReconcilerCommand[] {
    const { address, pool, answer } = probed;
    const count: ReconcilerCommand = { kind: "countProbe", answer: answer.kind };
    if (answer.kind === "unasked") return [count, ...this.#tellUnasked(probed, answer.why)];
    const { kind, ...rest } = answer;
    const fields = { event: "addressProbed", address, pool, answer: kind, ...rest };
    const heading = this.#unasked.delete(whatOf(probed)) ? this.#tellAsked(probed) : [];
    if (kind === "free") {
      const msg = "nobody on the wire has the address";
      return [count, ...heading, { kind: "log", level: "info", fields: { ...fields, msg } }];
    }
    const message = `${address} of pool "${pool}" ${this.why(probed)}`;
    const type = kind === "used" && !probed.lingers ? "Warning" : "Normal";
    return [
      count,
      ...heading,
      { kind: "log", level: "info", fields: { ...fields, withheldMs: probed.forMs, msg: message } },
      ...services.map((service) => {
        const note = { type, reason: "AddressInUse", message } as const;
        return { kind: "recordOnService", service, note } as const;
      }),
    ];
  }

  /** Completes a sentence that begins with the address. The same for the same machine, so that events count up. */
  why({ answer, lingers, forMs }: Probed): string {
    const rest = `; it is given to nobody for ${spanOf(forMs)}, and then asked for again`;
    if (answer.kind === "ours") {
      return `is still announced by our speaker on node "${answer.node}"${rest}`;
    }
    if (answer.kind !== "used") return "";
    const { mac, node, on, how, whose } = answer;
    const who = whose === undefined ? mac : `${mac} of node "${whose}"`;
    const where = `heard on ${on} of node "${node}"`;
    if (how === "probes") return `is wanted by ${who} too, which asks for it now (${where})${rest}`;
    const state = lingers
      ? `is still answered for by ${who}, though a Service left it only a moment ago`
      : `is used by another machine, ${who}`;
    return `${state} (${where})${rest}`;
  }

  /** Once for each pool, family and reason: there may be a thousand Services, and each asks for both families. */
  #tellUnasked(probed: Probed, why: string): ReconcilerCommand[] {
    const { address, pool } = probed;
    const what = whatOf(probed);
    if (this.#unasked.get(what) === why) return [];
    this.#unasked.set(what, why);
    const message =
      `${what} are given without asking on the wire, as metallb-ts/probe wants: ${why}; ` +
      `see docs/concepts/probes.md`;
    const note = { type: "Warning", reason: "ProbeImpossible", message } as const;
    const fields = { event: "probeImpossible", pool, address, why, msg: message };
    return [
      { kind: "log", level: "warn", fields },
      { kind: "recordOnPool", pool, note },
    ];
  }

  #tellAsked(probed: Probed): ReconcilerCommand[] {
    const { pool } = probed;
    const msg = `${whatOf(probed)} are asked for on the wire again`;
    return [{ kind: "log", level: "info", fields: { event: "probePossible", pool, msg } }];
  }
}

function whatOf({ pool, family }: Probed): string {
  return `IPv${family} addresses of pool "${pool}"`;
}

function spanOf(ms: number): string {
  return ms >= 60_000 ? `${ms / 60_000} minutes` : `${ms / 1000} seconds`;
}
