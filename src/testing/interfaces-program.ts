/** Prints the interfaces of its namespace, one JSON line from netlink and one from a scan. */

import { scanNetworkInterfaces, watchNetworkInterfaces } from "../platform/index.ts";

const watch = watchNetworkInterfaces({
  onChange: (interfaces) => {
    process.stdout.write(`${JSON.stringify(interfaces)}\n`);
    process.stdout.write(`${JSON.stringify(scanNetworkInterfaces())}\n`);
    watch.close();
  },
  onFallback: (error) => process.stdout.write(`${error.message}\n`),
});
