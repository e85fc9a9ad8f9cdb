/** What comes of asking on the wire for an address that a Service would get. */
import type { MacAddress } from "../ip/index.ts";

export type ProbeAnswer =
  | { readonly kind: "free"; readonly node: string }
  | UsedAddress
  /** A speaker of ours still announces it. */
  | { readonly kind: "ours"; readonly node: string }
  /** Nobody could ask; in words, why. */
  | { readonly kind: "unasked"; readonly why: string };

export interface UsedAddress {
  readonly kind: "used";
  readonly mac: MacAddress;
  /** Who heard it, and on which interface. */
  readonly node: string;
  readonly on: string;
  /** `has`: it answers or claims it; `probes`: it asks at the same time whether it may have it (RFC 5227 section 2.1.1). */
  readonly how: "has" | "probes";
  /** The node whose MAC address it is, as far as known. */
  readonly whose?: string;
}
