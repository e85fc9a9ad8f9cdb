/** The page on which the controller asks for addresses. */

import { formatAddress, parseAddress } from "../ip/index.ts";
import { RequestRefused } from "../platform/index.ts";
import { openRequest, proofUnfit, sealReply, type SpeakerAnswer } from "../program/index.ts";
import type { ProbeProgram } from "./probe-program.ts";

export interface ProbePageOptions {
  /** From the secret of gossip; undefined: it is empty. */
  readonly key: Uint8Array | undefined;
  readonly nodeName: string;
  readonly probes: Pick<ProbeProgram, "where" | "ask">;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
}

/** From the body of a request to the text of the answer; throws `RequestRefused`. */
export function probePage(options: ProbePageOptions): (text: string) => Promise<string> {
  const { key, nodeName: node, probes, nowMs } = options;
  return async (text) => {
    if (key === undefined) throw new RequestRefused(401, `401: ${proofUnfit}`);
    const request = openRequest(key, text, nowMs());
    if ("refused" in request) throw new RequestRefused(401, `401: ${request.refused}`);
    const wanted = request.addresses.flatMap((one) => parseAddress(one) ?? []);
    const answered = wanted.map(async (ip): Promise<[string, SpeakerAnswer]> => {
      const answer = request.do === "where" ? probes.where(ip) : await probes.ask(ip);
      return [formatAddress(ip), answer];
    });
    const answers = Object.fromEntries(await Promise.all(answered));
    return sealReply(key, request.nonce, { node, answers });
  };
}
