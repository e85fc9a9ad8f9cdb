/** Program 1: gives addresses to Services. */

export { runController } from "./main.ts";
