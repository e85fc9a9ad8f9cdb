/** The program that announces addresses from one node. */
export { Layer2Announcer } from "./layer2-announcer.ts";
export { runSpeaker } from "./main.ts";
