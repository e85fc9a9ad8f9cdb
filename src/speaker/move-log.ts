/** Which addresses moved to or from this node lately, why, and how long each part took. */

import type { AddressMove } from "../election/index.ts";
import type { ObjectReference } from "../kube/index.ts";

/** A member that others must stand in for. */
export interface Loss {
  readonly node: string;
  readonly because: "dead" | "left";
  /** Who found it dead; undefined where it said goodbye. */
  readonly foundBy: string | undefined;
  /** From its last beat to the questions, or to the verdict where another asked them; undefined: no beats of it came here. */
  readonly silentMs: number | undefined;
  /** How long we asked about it; undefined where another did. */
  readonly inquiryMs: number | undefined;
  /** When it was decided, on the clock of `nowMs`. */
  readonly decidedMs: number;
}

/** A move, and the Service that an event about it belongs to. */
export interface ToldMove {
  readonly move: AddressMove;
  readonly object: ObjectReference;
}

/** Moves of one time between the same nodes for the same reason; never empty. */
export type MoveGroup = readonly [ToldMove, ...ToldMove[]];

const mostKept = 100;
const mostNodes = 1000;

export class MoveLog {
  readonly #kept: AddressMove[] = [];
  readonly #losses = new Map<string, Loss>();
  /** How long members that are back were away, in milliseconds. */
  readonly #away = new Map<string, number>();
  #untold = new Map<string, [ToldMove, ...ToldMove[]]>();

  lost(loss: Loss): void {
    keep(this.#losses, loss.node, loss);
  }

  /** A member came; the result is how long it was away, undefined where it was never lost. */
  joined(node: string, nowMs: number): number | undefined {
    const loss = this.#losses.get(node);
    if (loss === undefined) return undefined;
    this.#losses.delete(node);
    const awayMs = Math.round(nowMs - loss.decidedMs);
    keep(this.#away, node, awayMs);
    return awayMs;
  }

  /** Takes a move, just carried out, and adds what the ring knows. `at`: wall time. */
  moved(
    { move, object }: ToldMove,
    { nowMs, at }: { readonly nowMs: number; readonly at: string },
  ): void {
    const told = { at, ...move, ...this.#ofRing(move, nowMs) };
    this.#kept.push(told);
    if (this.#kept.length > mostKept) this.#kept.shift();
    const kind = [told.from, told.to, told.because].join("\n");
    const group = this.#untold.get(kind);
    if (group === undefined) this.#untold.set(kind, [{ move: told, object }]);
    else group.push({ move: told, object });
  }

  /** All moves since the last call. */
  takeUntold(): readonly MoveGroup[] {
    const groups = [...this.#untold.values()];
    this.#untold = new Map();
    return groups;
  }

  /** The latest first. */
  show(): readonly AddressMove[] {
    return this.#kept.toReversed();
  }

  #ofRing({ because, from, to }: AddressMove, nowMs: number): Partial<AddressMove> {
    if (because === "joined") {
      const awayMs = this.#away.get(to);
      return awayMs === undefined ? {} : { awayMs };
    }
    const loss = because === "dead" ? this.#losses.get(from) : undefined;
    if (loss === undefined) return {};
    const { foundBy, silentMs, inquiryMs, decidedMs } = loss;
    return {
      because: loss.because,
      ...(foundBy !== undefined && { foundBy }),
      ...(silentMs !== undefined && { silentMs: Math.round(silentMs) }),
      ...(inquiryMs !== undefined && { inquiryMs: Math.round(inquiryMs) }),
      announcedMs: Math.round((nowMs - decidedMs) * 10) / 10,
    };
  }
}

/** The youngest thousand: names of nodes come and go with autoscalers. */
function keep<V>(map: Map<string, V>, node: string, value: V): void {
  map.delete(node);
  map.set(node, value);
  const [oldest] = map.keys();
  if (map.size > mostNodes && oldest !== undefined) map.delete(oldest);
}
