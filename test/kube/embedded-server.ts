/** The embedded API server as a process of its own, as strict as the real one: `embedded-server.ts FOLDER HOST PORT SERVICE-RANGE`. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { startApiServer } from "../../src/apiserver/index.ts";

const [folder = ".", host = "127.0.0.1", port = "0", serviceCidr = ""] = process.argv.slice(2);
await startApiServer({
  dataFile: join(folder, "data.db"),
  host,
  port: Number(port),
  rbac: true,
  serviceCidr,
  tls: {
    cert: readFileSync(join(folder, "apiserver.crt"), "utf8"),
    key: readFileSync(join(folder, "apiserver.key"), "utf8"),
  },
  tokens: {
    "admin-token": { name: "admin", groups: ["system:masters", "system:authenticated"] },
    "nobody-token": { name: "nobody", groups: ["system:authenticated"] },
  },
});
