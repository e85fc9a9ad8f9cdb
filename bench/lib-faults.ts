/** What happens to the node that announces, and how it comes back. */
import type { BenchLan } from "./lib-lan.ts";
import type { SpeakerRing } from "./lib-ring.ts";

export const faultNames = ["power", "kill", "link", "split", "pause", "term"] as const;
export type FaultName = (typeof faultNames)[number];

export interface Fault {
  /** Whether the old owner goes on answering, at once, when the fault is over. */
  readonly isSplit: boolean;
  begin(node: string): void;
  end(node: string): Promise<void>;
}

interface World {
  readonly lan: BenchLan;
  readonly ring: SpeakerRing;
}

const faults: Record<FaultName, (world: World) => Fault> = {
  power: ({ lan, ring }) => ({
    isSplit: false,
    begin: (node) => {
      // The cables first: a node without power does not refuse packets for a port that nobody has any more.
      lan.setCables(node, ["lan", "mgmt"], "down");
      ring.speaker(node).signal("SIGKILL");
    },
    end: async (node) => {
      await ring.speaker(node).ended();
      lan.setCables(node, ["lan", "mgmt"], "up");
      ring.start(node);
    },
  }),
  kill: ({ ring }) => ({
    isSplit: false,
    begin: (node) => ring.speaker(node).signal("SIGKILL"),
    end: (node) => startAgain(ring, node),
  }),
  link: ({ lan }) => ({
    isSplit: true,
    begin: (node) => lan.setCables(node, ["lan"], "down"),
    end: async (node) => lan.setCables(node, ["lan"], "up"),
  }),
  split: ({ lan }) => ({
    isSplit: true,
    begin: (node) => lan.setForwarding(node, false),
    end: async (node) => lan.setForwarding(node, true),
  }),
  pause: ({ ring }) => ({
    isSplit: true,
    begin: (node) => ring.speaker(node).signal("SIGSTOP"),
    end: async (node) => ring.speaker(node).signal("SIGCONT"),
  }),
  term: ({ ring }) => ({
    isSplit: false,
    begin: (node) => ring.speaker(node).signal("SIGTERM"),
    end: (node) => startAgain(ring, node),
  }),
};

export function faultOf(name: FaultName, world: World): Fault {
  return faults[name](world);
}

async function startAgain(ring: SpeakerRing, node: string): Promise<void> {
  await ring.speaker(node).ended();
  ring.start(node);
}
