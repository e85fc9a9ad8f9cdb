/** What speakers answered to questions about many addresses. */

import type { ProbeAnswer } from "../assignment/index.ts";
import type { ProbeReply, SpeakerAnswer } from "../program/index.ts";

type Elsewhere = Extract<SpeakerAnswer, { kind: "elsewhere" }>;
/** By address. */
export type Answers = ReadonlyMap<string, ProbeAnswer | Elsewhere>;

export const noAnswer = { kind: "elsewhere", why: "its speaker said nothing about it" } as const;

export function unasked(addresses: readonly string[], why: string): Answers {
  return new Map(addresses.map((address) => [address, { kind: "unasked", why }]));
}

/** `elsewhere`: speakers said it of this address alone. */
export function unaskedFor(
  addresses: readonly string[],
  { why, elsewhere }: { readonly why: string; readonly elsewhere?: string },
): Answers {
  const isOpen = (one: string): boolean => elsewhere !== undefined && one !== elsewhere;
  return new Map(
    addresses.map((one) => [one, { kind: isOpen(one) ? "elsewhere" : "unasked", why }]),
  );
}

export function readAnswers({ node, answers }: ProbeReply): Answers {
  return new Map(
    Object.entries(answers).map(([address, answer]) => [address, readAnswer(node, answer)]),
  );
}

function readAnswer(node: string, answer: SpeakerAnswer): ProbeAnswer | Elsewhere {
  if (answer.kind === "used") {
    return { ...answer, node };
  }
  if (answer.kind === "free" || answer.kind === "ours") return { kind: answer.kind, node };
  return answer.kind === "elsewhere" ? answer : noAnswer;
}
