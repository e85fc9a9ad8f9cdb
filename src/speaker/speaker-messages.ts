/** What goes into the speaker's machine, and what comes out of it. */

import type { ConfigOutcome } from "../config/index.ts";
import type { AddressMove, ServiceEndpoint } from "../election/index.ts";
import type { AnsweringAbility } from "../layer2/index.ts";
import type { EventNote, Node, ObjectReference, Service } from "../kube/index.ts";
import type { AddressUse, ClaimNews } from "../ring/index.ts";
import type { Subject } from "../wire/index.ts";
import type { Announcement } from "./announcements.ts";

export type SpeakerEvent =
  | { readonly kind: "service"; readonly key: string; readonly service: Service | undefined }
  | {
      readonly kind: "endpoints";
      readonly key: string;
      readonly endpoints: readonly ServiceEndpoint[] | undefined;
    }
  /** Undefined: the node is gone. */
  | { readonly kind: "node"; readonly name: string; readonly node: Node | undefined }
  /** Who is alive in the ring, after each event of it; never told where gossip is off. */
  | {
      readonly kind: "members";
      readonly alive: ReadonlySet<string>;
      /** Those of them that are MetalLB's own speakers. Default: none. */
      readonly stock?: ReadonlySet<string>;
      /** What our speakers say that their interfaces can answer, by name; no entry for stock speakers. Default: none. */
      readonly abilities?: ReadonlyMap<string, AnsweringAbility>;
    }
  /** Who claims which address, where that is different now. */
  | { readonly kind: "claims"; readonly claims: ClaimNews }
  /** What came of the last look at the configuration. */
  | { readonly kind: "config"; readonly outcome: ConfigOutcome }
  /** Names of this node's interfaces that an advertisement may list (L2-81). */
  | { readonly kind: "interfaces"; readonly names: ReadonlySet<string> }
  /** Services, endpoints and nodes are complete: announcing may begin. */
  | { readonly kind: "synced" }
  | { readonly kind: "continue" };

export type SpeakerCommand =
  /** Answer for the addresses and start a burst, also when they are announced already (L2-130). */
  | {
      readonly kind: "announce";
      readonly service: string;
      readonly announcement: Announcement;
      /** Some interface that it asks for is there. */
      readonly isReachable: boolean;
    }
  | {
      readonly kind: "withdraw";
      readonly service: string;
      readonly announcement: Announcement;
      /** Another node owns it now, which needs a moment to begin. */
      readonly isHandedOver: boolean;
    }
  /** The address came here from another node, or went from here to one that just joined the ring. */
  | { readonly kind: "moved"; readonly move: AddressMove; readonly object: ObjectReference }
  /** It has another owner, other addresses, or other interfaces now; undefined: nobody announces it. */
  | {
      readonly kind: "owned";
      readonly service: string;
      readonly object?: ObjectReference;
      readonly subject?: Subject;
    }
  /** What this node does with an address whose owner is claimed is different now. */
  | { readonly kind: "use"; readonly use: AddressUse }
  | { readonly kind: "record-event"; readonly note: EventNote }
  | { readonly kind: "config-state"; readonly isStale: boolean }
  | { readonly kind: "count-update"; readonly hasFailed: boolean }
  /** Services are left of a pass: step with `continue` once other events had their turn. */
  | { readonly kind: "continue" }
  /** A pass over all services came to its end: what is announced now is all there is to announce. */
  | { readonly kind: "passed-all" }
  | {
      readonly kind: "log";
      readonly level: "info" | "warn" | "error";
      readonly fields: Readonly<Record<string, unknown>>;
    };
