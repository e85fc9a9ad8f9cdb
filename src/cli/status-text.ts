/** What a speaker does on the LAN, for people. */
import { printable, textTable } from "./text-table.ts";
import { type WireStatusView, wireLines } from "./wire-status-text.ts";

export interface ProtocolView {
  readonly protocol: "arp" | "ndp";
  readonly interfaces: readonly string[];
  readonly addresses: number;
  readonly answers: number;
  readonly answersInKernel: number;
  /** Frames without an answer, by reason. */
  readonly drops: Readonly<Record<string, number>>;
}

export interface Layer2View {
  readonly way: "kernel" | "packet";
  readonly reason: string;
  readonly explanation: string;
  readonly protocols: readonly ProtocolView[];
  readonly kernel?: {
    readonly interfaces: readonly string[];
    readonly leftToUserSpace: readonly { readonly name: string; readonly error: string }[];
    readonly withoutRoom: number;
    readonly heartbeat: { readonly holdsMs: number; readonly beatMsAgo: number };
    readonly passedOn: Readonly<Record<string, number>>;
  };
}

/** What the speaker's page holds. */
export interface SpeakerView {
  readonly self?: string;
  readonly layer2?: Layer2View;
  readonly wire?: WireStatusView;
}

export function statusText({ self = "?", layer2, wire }: SpeakerView): string {
  const lines = [
    `speaker of node ${self}`,
    ...(layer2 === undefined ? [] : layer2Lines(layer2)),
    ...(wire === undefined ? [] : ["", ...wireLines(self, wire)]),
  ];
  return `${lines.map(printable).join("\n")}\n`;
}

function layer2Lines(layer2: Layer2View): string[] {
  const { way, explanation, protocols, kernel } = layer2;
  const who = way === "kernel" ? "in the kernel, packet sockets behind it" : "by packet sockets";
  return [
    `  layer 2: answered ${who}`,
    `    why: ${explanation.replaceAll("\n", " ")}`,
    ...(kernel === undefined ? [] : kernelLines(kernel)),
    "",
    ...textTable([heading, ...protocols.map(rowOf)]).map((line) => `  ${line}`),
    ...protocols.flatMap(({ protocol, drops }) =>
      countLines(`${protocol.toUpperCase()} without an answer`, drops),
    ),
  ];
}

function kernelLines(kernel: NonNullable<Layer2View["kernel"]>): string[] {
  const { interfaces, leftToUserSpace, withoutRoom, heartbeat, passedOn } = kernel;
  const { holdsMs, beatMsAgo } = heartbeat;
  return [
    `    kernel's interfaces: ${interfaces.join(", ") || "none"}`,
    `    heartbeat: holds ${holdsMs} ms, last ${beatMsAgo} ms ago`,
    ...leftToUserSpace.map(({ name, error }) => `    left to user space: ${name}: ${error}`),
    ...(withoutRoom === 0 ? [] : [`    addresses without room in the kernel: ${withoutRoom}`]),
    ...countLines("passed on to user space", passedOn).map((line) => `  ${line}`),
  ];
}

const heading = ["PROTOCOL", "ADDRESSES", "ANSWERS", "IN THE KERNEL", "INTERFACES"];

function rowOf(view: ProtocolView): string[] {
  const { protocol, addresses, answers, answersInKernel, interfaces } = view;
  const counts = [addresses, answers, answersInKernel].map(String);
  return [protocol.toUpperCase(), ...counts, interfaces.join(", ") || "none"];
}

/** One line, or none where nothing was counted. */
function countLines(what: string, counts: Readonly<Record<string, number>>): string[] {
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  if (told.length === 0) return [];
  return [`  ${what}: ${told.map(([reason, count]) => `${reason} ${count}`).join(", ")}`];
}
