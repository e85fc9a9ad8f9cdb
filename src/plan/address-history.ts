/** Where a Service's addresses were before, and why they moved: what the speakers' events tell of it. */
import {
  addressesAnnotation,
  addressesMoved,
  addressMoved,
  moveAnnotation,
  parseMove,
  type AddressMove,
} from "../election/index.ts";
import type { KubeEvent, KubeObject } from "../kube/index.ts";

/** One move, newest told of. */
export interface PastMove extends AddressMove {
  /** When it happened, or happened last: RFC 3339. */
  readonly at: string;
  /** The speaker's own words. */
  readonly message: string;
  /** How many addresses moved at once, where only an event for all of them tells of this one. */
  readonly oneOf?: number;
}

/** More would be of the last hour's noise. */
const mostMoves = 10;
/** Between the first announcement of many and the last one. */
const longestPassMs = 30_000;
const source = "metallb-speaker";

/** Events of a cluster; anybody may have written them. */
export interface MoveEvidence {
  /** About Services of this name. */
  readonly ofService: readonly KubeEvent[];
  /** About Nodes. */
  readonly ofNodes: readonly KubeEvent[];
  /** Milliseconds of an RFC 3339 time; NaN if it is none. */
  readonly msOf: (time: string) => number;
}

/** The newest first. What has not the form of a speaker's event is passed over. Never throws. */
export function addressHistory(
  service: KubeObject,
  { ofService, ofNodes, msOf }: MoveEvidence,
): readonly PastMove[] {
  const { uid } = service.metadata;
  const own = ofService.filter(
    (event) => isOfSpeaker(event) && (!uid || event.involvedObject.uid === uid),
  );
  const areNear = (a: string, b: string): boolean => Math.abs(msOf(a) - msOf(b)) <= longestPassMs;
  const moves = own.flatMap((event) => (event.reason === addressMoved ? pastMoveOf(event) : []));
  const many = ofNodes
    .filter((event) => isOfSpeaker(event) && event.reason === addressesMoved)
    .flatMap((event) => oneOfMany(event, own, areNear))
    .filter((one) => !moves.some((move) => isBetweenSame(move, one) && areNear(move.at, one.at)));
  return [...moves, ...many].sort((a, b) => msOf(b.at) - msOf(a.at)).slice(0, mostMoves);
}

function isOfSpeaker(event: KubeEvent): boolean {
  // An event of the newer API has no source; ours have both.
  return (event.source as KubeEvent["source"] | undefined)?.component === source;
}

function pastMoveOf(event: KubeEvent): PastMove[] {
  const move = parseMove(event.metadata.annotations?.[moveAnnotation] ?? "");
  if (move === undefined) return [];
  // Of a repeated event the data are the first one's; its times are of whole seconds.
  const { at = event.lastTimestamp } = event.count > 1 ? {} : move;
  return [{ ...move, at, message: event.message }];
}

/** A move of many is this Service's too if the new announcer began to announce it then, as MetalLB's own event tells. */
function oneOfMany(
  event: KubeEvent,
  own: readonly KubeEvent[],
  areNear: (a: string, b: string) => boolean,
): PastMove[] {
  const count = Number(event.metadata.annotations?.[addressesAnnotation]);
  return pastMoveOf(event).flatMap((move) => {
    const began = own.find(({ reason, message, firstTimestamp, lastTimestamp }) => {
      const isAnnounced = reason === "nodeAssigned" && announcer(message) === move.to;
      return isAnnounced && [firstTimestamp, lastTimestamp].some((time) => areNear(time, move.at));
    });
    if (began === undefined || !Number.isSafeInteger(count)) return [];
    const service = `${began.involvedObject.namespace}/${began.involvedObject.name}`;
    return [{ ...move, service, ips: [], oneOf: count }];
  });
}

function announcer(message: string): string | undefined {
  return /^announcing from node "([^"]+)"/.exec(message)?.[1];
}

function isBetweenSame(a: AddressMove, b: AddressMove): boolean {
  return a.from === b.from && a.to === b.to;
}
