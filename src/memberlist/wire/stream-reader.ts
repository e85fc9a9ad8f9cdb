/** Reads the one message of a stream while it arrives. */
import type { StreamMessage } from "./messages.ts";
import type { ProblemReason } from "./problem.ts";

export interface StreamDecoding {
  readonly label?: Uint8Array;
  readonly keys: readonly Uint8Array[];
  /** False lets plain streams in although there are keys. */
  readonly verifiesIncoming: boolean;
  /** We dialed: what comes back has no label header (ML-62). */
  readonly isAnswer?: boolean;
}

export type StreamRead =
  | { readonly kind: "more" }
  | { readonly kind: "message"; readonly message: StreamMessage }
  | { readonly kind: "failed"; readonly reason: ProblemReason; readonly detail: string };

/** Finds the end of the message by its content (ML-5). Once it has answered, it gives the same answer for ever. */
export class StreamReader {
  constructor(_options: StreamDecoding) {}

  push(_chunk: Uint8Array): StreamRead {
    throw new Error("not built yet");
  }
}
