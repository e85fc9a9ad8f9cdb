/** Why an address is announced by another node than before: as data that an event carries, and in words for people. */

/** Annotation of events that carry an `AddressMove` as JSON, beside the words of their message. */
export const moveAnnotation = "metallb-ts/address-move";

/** Annotation of `addressesMoved` events: how many addresses moved; the move beside it is the first of them. */
export const addressesAnnotation = "metallb-ts/addresses";

/** Reason of the event on a Service whose address moved. */
export const addressMoved = "AddressMoved";
/** Reason of the event on the telling speaker's Node that stands for many Services. */
export const addressesMoved = "AddressesMoved";

const moveReasons = [
  /** The ring found the speaker of `from` dead. */
  "dead",
  /** The speaker of `from` said goodbye, as one that is stopped does. */
  "left",
  /** The speaker of `to` came (back) into the ring, and is before `from` in the order. */
  "joined",
  /** The Node object of `from` or `to` changed: a label, a condition, or it is gone. */
  "node",
  "endpoints",
  "configuration",
  /** Links of `from` failed, or are back at `to`; or the addresses of their interfaces changed. */
  "link",
  /** The Service itself changed. */
  "service",
  /** The shares of the nodes are to be even. */
  "spread",
  /** A stock speaker came, which knows no claims, or the last one is gone. */
  "claims",
] as const;

export type MoveReason = (typeof moveReasons)[number];

/** One Service's addresses moved. Absent: not known, or it does not apply. Times are in milliseconds. */
export interface AddressMove {
  /** When it was announced from `to`, or given up for it: RFC 3339 with milliseconds. */
  readonly at?: string;
  /** `namespace/name` */
  readonly service: string;
  readonly ips: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly because: MoveReason;
  /** A sentence about it, for reasons that are not the ring's. */
  readonly detail?: string;
  /** Whose verdict it was; with `dead`. */
  readonly foundBy?: string;
  /** Noticed: from the last sign of life to the inquiry, or to the verdict where another asked. */
  readonly silentMs?: number;
  /** Decided: how long the inquiry took; only where the new announcer asked itself. */
  readonly inquiryMs?: number;
  /** Announced: from the verdict or the goodbye to the first announcement. */
  readonly announcedMs?: number;
  /** How long the speaker that came back was away; with `joined`. */
  readonly awayMs?: number;
}

/** The whole story in one line. */
export function moveText(move: AddressMove): string {
  const { ips, from, to } = move;
  return `${ips.join(", ")} moved from node "${from}" to node "${to}": ${whyMoved(move)}`;
}

/** The reason alone, with how long each part took. */
export function whyMoved(move: AddressMove): string {
  const { because, from, to, detail, awayMs } = move;
  switch (because) {
    case "dead":
      return `${noticed(move)}${announced(move)}`;
    case "left":
      return `the speaker of node "${from}" said goodbye${announced(move)}`;
    case "joined":
      return awayMs === undefined
        ? `the speaker of node "${to}" joined the ring, and is first in the order`
        : `the speaker of node "${to}" is back after ${duration(awayMs)}, and is first in the order`;
    default:
      return detail ?? `the ${because} changed`;
  }
}

function noticed({ from, foundBy, silentMs, inquiryMs }: AddressMove): string {
  const finder = foundBy === undefined ? "the ring" : `node "${foundBy}"`;
  if (silentMs === undefined) return `${finder} found node "${from}" dead (decided)`;
  if (inquiryMs === undefined) {
    return `node "${from}" was silent for ${ms(silentMs)} when ${finder} found it dead (noticed, decided)`;
  }
  const silence = `node "${from}" was silent for ${ms(silentMs)} (noticed)`;
  return `${silence}, found dead after an inquiry of ${ms(inquiryMs)} (decided)`;
}

function announced({ silentMs, inquiryMs = 0, announcedMs }: AddressMove): string {
  if (announcedMs === undefined) return "";
  const told = `, first announcement ${ms(announcedMs)} later (announced)`;
  return silentMs === undefined
    ? told
    : `${told}; ${ms(Math.round(silentMs + inquiryMs + announcedMs))} in all`;
}

function ms(value: number): string {
  return `${value} ms`;
}

/** For people: seconds, then minutes, then hours. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** Reads what an event's annotation holds; anybody may have written it. Undefined: it is no move. */
export function parseMove(text: string): AddressMove | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isMove(value) ? value : undefined;
}

const texts = ["service", "from", "to"];
const optionalTexts = ["at", "detail", "foundBy"];
const optionalTimes = ["silentMs", "inquiryMs", "announcedMs", "awayMs"];

function isMove(value: unknown): value is AddressMove {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  const isText = (name: string): boolean => typeof fields[name] === "string";
  const isOptional = (name: string, type: string): boolean =>
    fields[name] === undefined || typeof fields[name] === type;
  const { ips, because } = fields;
  return (
    texts.every(isText) &&
    Array.isArray(ips) &&
    ips.every((ip) => typeof ip === "string") &&
    moveReasons.some((reason) => reason === because) &&
    optionalTexts.every((name) => isOptional(name, "string")) &&
    optionalTimes.every((name) => isOptional(name, "number"))
  );
}
