/** The lab: a LAN of network namespaces with a small cluster in it, and the demo that runs there. */
export {
  Lab,
  openLab,
  startLab,
  stopLab,
  type CommandResult,
  type LabOptions,
  type Place,
} from "./lab.ts";
export { LabError, unshareCommand } from "./private-namespaces.ts";
export { measureOutage, type Outage } from "./outage.ts";
export { runDemo } from "./demo/run-demo.ts";
