/** Why the kernel did not answer a frame; it is then passed on, and user space decides about it. */

/**
 * In the order of the counters. Those without a comment are user space's reasons, by its names: it does not answer
 * either, though of two reasons it may name the other. The rest it may well answer.
 */
export const KERNEL_DROP_REASONS = [
  "error",
  "own-frame",
  "not-a-request",
  "ethernet-destination",
  "other-vlan",
  "not-announced",
  "interface-not-matched",
  "hop-limit",
  "checksum",
  /** A priority tag (VLAN id 0): the kernel would answer with the tag, user space answers without. */
  "priority-tagged",
  /** A solicitation that is not the common one: another option or none, another destination, a probe from `::`. */
  "unusual-solicitation",
  /** An ARP request of a machine that wants the address: a probe, or gratuitous. */
  "claim",
  /** An ARP request of a sender whose last answered one bore another MAC address: the node's own table learns from it. */
  "sender-moved",
  /** The speaker has not said lately that it is alive. */
  "no-heartbeat",
  /** The kernel had no memory for the answer. */
  "no-memory",
] as const;

export type KernelDropReason = (typeof KERNEL_DROP_REASONS)[number];
