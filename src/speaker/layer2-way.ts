/** Who answers ARP and NDP: the kernel with user space behind it, or user space alone. Decided once, at start. */

import { BpfError, KernelResponder } from "../platform/index.ts";

/** What `--layer2-responder` may be. */
export const responderChoices: readonly string[] = ["auto", "kernel", "packet"];

/** What the speaker needs of the responder in the kernel. */
export type KernelTable = Pick<
  KernelResponder,
  "setInterfaces" | "announce" | "withdraw" | "answers" | "drops" | "beat" | "close"
>;

/** Which way is in use, and why. */
export interface WayInUse {
  readonly way: "kernel" | "packet";
  /** One word, for a metric's label: `forced`, `possible`, `log-level`, `gave-up`, or the code of an error. */
  readonly reason: string;
  /** A sentence for people. */
  readonly explanation: string;
}

export interface Layer2Way extends WayInUse {
  /** Present where the way is the kernel's; whoever takes it closes it. */
  readonly kernel?: KernelTable;
}

export interface WayOptions {
  /** One of `responderChoices`. */
  readonly choice: string;
  /** Each request is to be logged, which the kernel does not. */
  readonly logsRequests: boolean;
  /** Throws where the kernel or the rights do not allow it; default: a responder in this machine's kernel. */
  readonly openKernel?: () => KernelTable;
}

/** What is in use where nothing was chosen. */
export const packetSocketsAlone: Layer2Way = {
  way: "packet",
  reason: "forced",
  explanation: "packet sockets answer",
};

/** Throws an error that names the flag and the mend where the kernel must answer and cannot. */
export function chooseWay({
  choice,
  logsRequests,
  openKernel = () => KernelResponder.open(),
}: WayOptions): Layer2Way {
  if (choice === "packet") {
    return { ...packetSocketsAlone, explanation: "--layer2-responder=packet asks for it" };
  }
  if (choice !== "kernel" && logsRequests) {
    const explanation =
      "the log level asks for a line for each request, and of those that the kernel answers there is none; " +
      "--layer2-responder=kernel goes without the lines";
    return { way: "packet", reason: "log-level", explanation };
  }
  try {
    const kernel = openKernel();
    return { way: "kernel", kernel, ...reasonForKernel(choice, logsRequests) };
  } catch (error) {
    const { message } = error as Error;
    if (choice === "kernel") {
      const mend = "mend that, or let --layer2-responder=auto fall back to packet sockets";
      throw new Error(`--layer2-responder=kernel: ${message}; ${mend}`, { cause: error });
    }
    const reason = error instanceof BpfError ? error.code : "error";
    return { way: "packet", reason, explanation: message };
  }
}

function reasonForKernel(choice: string, logsRequests: boolean) {
  if (choice !== "kernel") {
    const explanation = "the kernel (Linux 6.6 or later) and the capabilities allow it";
    return { reason: "possible", explanation };
  }
  const unlogged = logsRequests ? "; requests that the kernel answers are not logged" : "";
  const explanation = `--layer2-responder=kernel asks for it${unlogged}`;
  return { reason: "forced", explanation };
}
