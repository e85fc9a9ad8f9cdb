/** The ring of speakers: who is alive, found by gossip with everybody and by beats among our own. */
export { shortestSilenceMs } from "./beat-record.ts";
export type { ClaimNews } from "./claiming.ts";
export type { AddressUse } from "./claims.ts";
export type { Finding } from "./detector.ts";
export { describeOwnKind, type OwnKind, type OwnWords, readOwnKind } from "./own-kind.ts";
export { defaultBeatMs, Ring, type RingCommand, type RingEvent, type RingOptions } from "./ring.ts";
export { watchersOf, watchesBefore } from "./watchers.ts";
export type { WatchedMember } from "./watching.ts";
