/** What is seen of our addresses on the wire: who asks for them, who answers, and who else claims them. */
export { Assignments, type Subject } from "./assignments.ts";
export { type Claim, type Conflict, Conflicts, type ConflictNews } from "./conflicts.ts";
export { type Finding, hasStrangers, isTrouble } from "./finding.ts";
export { periodMs } from "./pace.ts";
export {
  announcedBy,
  findingText,
  namedMac,
  seenByNobodyElse,
  seenOfService,
  type WireCondition,
} from "./seen-condition.ts";
export { WireCheck, type WireCommand, type WireEvent } from "./wire-check.ts";
export { type ProbeStep, type ProbeVerdict, WireProbes } from "./wire-probes.ts";
