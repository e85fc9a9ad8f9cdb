/** What the rules decided about one service, before it is carried out. */
import type { Holding } from "../allocator/index.ts";
import type { Config } from "../config/index.ts";
import type { Service } from "../kube/index.ts";
import type { ServiceOutcome } from "./service-outcome.ts";

/** How one evaluation ended, and whether an event asked for it or a pass over all. */
export interface Turn {
  readonly result: ServiceOutcome["result"];
  readonly isOwnTurn: boolean;
}

export interface Decision {
  readonly key: string;
  /** As the API server has it. */
  readonly service: Service;
  /** What the rules were asked about: the same, or what a failed write wanted to store. */
  readonly proposal: Service;
  readonly config: Config;
  /** What it held before. */
  readonly before: Holding | undefined;
  readonly outcome: ServiceOutcome;
  readonly isOwnTurn: boolean;
}
