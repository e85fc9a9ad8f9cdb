/** The program that announces addresses from one node. */
export { runSpeaker } from "./main.ts";
