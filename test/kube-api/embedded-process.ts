/** The embedded server as a process of its own, for tests that kill it: `embedded-process.ts FILE PORT`. */
import { startApiServer } from "../../src/apiserver/index.ts";

const [dataFile = ":memory:", port = "0"] = process.argv.slice(2);
await startApiServer({ dataFile, host: "127.0.0.1", port: Number(port) });
