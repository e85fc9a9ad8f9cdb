/**
 * What controller and speakers say to each other about addresses that are to be asked for. Both know the secret of
 * gossip, so both sides prove themselves with it; nothing that is worth stealing is sent.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";

/** Where a speaker takes questions, beside its metrics. */
export const probePath = "/probe";

export interface ProbeRequest {
  /** Different each time: the answer is for this request alone. */
  readonly nonce: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** `where`: only whether the speaker is on the segment. */
  readonly do: "where" | "probe";
  readonly addresses: readonly string[];
}

export type SpeakerAnswer =
  /** `where`: it could ask. */
  | { readonly kind: "here" | "free" }
  | {
      readonly kind: "used";
      readonly mac: string;
      readonly on: string;
      readonly how: "has" | "probes";
      /** The node whose MAC address it is, as far as the speaker knows. */
      readonly whose?: string;
    }
  /** This speaker announces it. */
  | { readonly kind: "ours" }
  | { readonly kind: "elsewhere"; readonly why: string };

export interface ProbeReply {
  readonly node: string;
  /** By address. */
  readonly answers: Readonly<Record<string, SpeakerAnswer>>;
}

/** Clocks of a cluster may differ by so much. */
const clocksDifferMs = 5 * 60_000;
/** Also what a speaker without a secret says: a stranger need not know that there is none. */
export const proofUnfit =
  "the proof does not fit: sender and speaker need the same memberlist secret, which is not empty";
/** Of one request. */
export const mostAddresses = 128;

/** Undefined where the secret is empty: everybody would know the key. */
export function probeKey(secret: string): Uint8Array | undefined {
  if (secret === "") return undefined;
  return createHmac("sha256", secret).update("metallb-ts probe, version 1").digest();
}

export function sealRequest(key: Uint8Array, request: ProbeRequest): string {
  return seal(key, "request", JSON.stringify(request));
}

/** Who holds the key said it, and not long ago; else why it is not taken. Never throws. */
export function openRequest(
  key: Uint8Array,
  text: string,
  nowMs: number,
): ProbeRequest | { readonly refused: string } {
  const body = unseal(key, "request", text);
  const request = body === undefined ? undefined : asRequest(body);
  if (request === undefined) return { refused: proofUnfit };
  if (Math.abs(nowMs - request.at) <= clocksDifferMs) return request;
  return { refused: "the clocks of sender and speaker differ by more than five minutes" };
}

export function sealReply(key: Uint8Array, nonce: string, reply: ProbeReply): string {
  return seal(key, `reply to ${nonce}`, JSON.stringify(reply));
}

/** Undefined: nobody who holds the key said it in answer to this request, or it is no reply. Never throws. */
export function openReply(key: Uint8Array, nonce: string, text: string): ProbeReply | undefined {
  return asReply(unseal(key, `reply to ${nonce}`, text));
}

function seal(key: Uint8Array, what: string, body: string): string {
  return JSON.stringify({ proof: proofOf(key, what, body).toString("hex"), body });
}

function unseal(key: Uint8Array, what: string, text: string): unknown {
  try {
    const { proof, body } = JSON.parse(text) as { proof?: unknown; body?: unknown };
    if (typeof proof !== "string" || typeof body !== "string") return undefined;
    const [given, wanted] = [Buffer.from(proof, "hex"), proofOf(key, what, body)];
    const isRight = given.length === wanted.length && timingSafeEqual(given, wanted);
    return isRight ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}

function proofOf(key: Uint8Array, what: string, body: string): Buffer {
  return createHmac("sha256", key).update(`${what}\n${body}`).digest();
}

/** A controller of another version may say more, or something else. */
function asRequest(body: unknown): ProbeRequest | undefined {
  const { nonce, at, do: what, addresses } = (body ?? {}) as Record<string, unknown>;
  if (typeof nonce !== "string" || typeof at !== "number") return undefined;
  if (what !== "where" && what !== "probe") return undefined;
  if (!Array.isArray(addresses) || addresses.length > mostAddresses) return undefined;
  const texts = addresses.filter((one): one is string => typeof one === "string" && isIP(one) > 0);
  return texts.length < addresses.length ? undefined : { nonce, at, do: what, addresses: texts };
}

/** A speaker of another version may say more, or something else: what cannot be read of it is left out. */
function asReply(body: unknown): ProbeReply | undefined {
  const { node, answers } = (body ?? {}) as Record<string, unknown>;
  if (typeof node !== "string" || typeof answers !== "object" || answers === null) return undefined;
  const read = Object.entries(answers).flatMap(([address, answer]) => {
    const one = asAnswer(answer);
    return one === undefined ? [] : [[address, one] as const];
  });
  return { node, answers: Object.fromEntries(read) };
}

function asAnswer(answer: unknown): SpeakerAnswer | undefined {
  const said = (answer ?? {}) as Record<string, unknown>;
  const { kind, why } = said;
  if (kind === "here" || kind === "free" || kind === "ours") return { kind };
  if (kind === "elsewhere") return typeof why === "string" ? { kind, why } : undefined;
  return kind === "used" ? asUsed(said) : undefined;
}

function asUsed({ mac, on, how, whose }: Record<string, unknown>): SpeakerAnswer | undefined {
  if (typeof mac !== "string" || typeof on !== "string") return undefined;
  if (how !== "has" && how !== "probes") return undefined;
  return { kind: "used", mac, on, how, ...(typeof whose === "string" && { whose }) };
}
