/** Joins under way: one exchange a place, and what became of each (ML-154). */

import type { FailedJoin, GossipCommand } from "./gossip-messages.ts";
import type { Place } from "./member.ts";
import type { PushPull } from "./wire/index.ts";

interface Join {
  /** By the name of the connection. */
  readonly open: Map<string, Place>;
  readonly failed: FailedJoin[];
  reached: number;
}

export class Joins {
  readonly #byStream = new Map<string, Join>();
  #next = 0;

  /** All at once: one place that is silent for ten seconds must not keep us from the others. */
  begin(places: readonly Place[], message: PushPull, timeoutMs: number): GossipCommand[] {
    const join: Join = { open: new Map(), failed: [], reached: 0 };
    if (places.length === 0) return [joined(join)];
    return places.map((to) => {
      const stream = `join-${this.#next++}`;
      join.open.set(stream, to);
      this.#byStream.set(stream, join);
      return { kind: "dial", stream, to, message, timeoutMs };
    });
  }

  /** `error` undefined: the exchange went well. Answers undefined for other connections. */
  onEnd(stream: string, error: string | undefined): GossipCommand[] | undefined {
    const join = this.#byStream.get(stream);
    const place = join?.open.get(stream);
    if (join === undefined || place === undefined) return undefined;
    this.#byStream.delete(stream);
    join.open.delete(stream);
    if (error === undefined) join.reached++;
    else join.failed.push({ place, error });
    return join.open.size === 0 ? [joined(join)] : [];
  }
}

function joined({ reached, failed }: Join): GossipCommand {
  return { kind: "joined", reached, failed };
}
