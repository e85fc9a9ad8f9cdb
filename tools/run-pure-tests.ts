/** A test file for Node's runner that holds all pure tests: Node needs longer to start than most of them need to run. */
import { dirname, join } from "node:path";
import { before } from "node:test";
import { pureTests } from "./pure-tests.ts";

const root = dirname(import.meta.dirname);
const { promise: loaded, resolve } = Promise.withResolvers<void>();
// None runs while others are still loaded, which would hold up its timers.
before(() => loaded);
for (const file of pureTests()) await import(join(root, file));
resolve();
