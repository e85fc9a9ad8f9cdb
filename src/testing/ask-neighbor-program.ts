/** Asks on the wire for the hardware address of a neighbour, as a speaker of the ring does: `ask-neighbor-program.ts OWN TARGET`. */

import { addressBytes, parseAddress } from "../ip/index.ts";
import { RingNeighbors } from "../layer2/index.ts";
import { scanNetworkInterfaces, sendFrame } from "../platform/index.ts";

const [own = "", target = ""] = process.argv.slice(2);
const address = parseAddress(own);
if (address === undefined) throw new Error(`no address: ${own}`);
const neighbors = new RingNeighbors(addressBytes(address));
neighbors.setInterfaces(scanNetworkInterfaces());
const question = neighbors.question(target);
if (question === undefined) throw new Error(`${target} is no neighbour of ${own}`);
sendFrame(question.interfaceIndex, question.frame);
