/** Finds the real Kubernetes binaries: a given folder, else the cache, else (when asked) a build. */
import { accessSync, constants, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildComponents, goVersion } from "./build.ts";
import { cacheFolder, stampPrefix, type Component } from "./versions.ts";

export interface FoundBinaries {
  ok: true;
  /** The folder that holds every component asked for. */
  dir: string;
  found: "REALKUBE_BIN" | "KUBEBUILDER_ASSETS" | "cache" | "build";
}

export interface BinarySearch {
  components: Component[];
  /** Whether a build may be started; by default what `REALKUBE_BUILD=1` says. */
  build?: boolean;
  environment?: NodeJS.ProcessEnv;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isCached(dir: string, component: Component): boolean {
  if (!isExecutable(join(dir, component))) return false;
  try {
    return readFileSync(join(dir, `.${component}.stamp`), "utf8").startsWith(
      stampPrefix(component),
    );
  } catch {
    return false;
  }
}

/**
 * Returns the folder of the binaries, or a reason that says how to get them. A folder given by the
 * environment is taken as it is and must be complete; the cache is trusted when its stamps match.
 */
export async function realkubeBinaries(
  search: BinarySearch,
): Promise<FoundBinaries | { ok: false; reason: string }> {
  const environment = search.environment ?? process.env;
  for (const found of ["REALKUBE_BIN", "KUBEBUILDER_ASSETS"] as const) {
    const dir = environment[found];
    if (!dir) continue;
    const missing = search.components.filter((name) => !isExecutable(join(dir, name)));
    if (missing.length === 0) return { ok: true, dir, found };
    return {
      ok: false,
      reason: `${found}=${dir} has no executable ${missing.join(", ")}; put them there or unset it`,
    };
  }
  const dir = cacheFolder(environment);
  const missing = search.components.filter((name) => !isCached(dir, name));
  if (missing.length === 0) return { ok: true, dir, found: "cache" };
  const wanted = `no ${missing.join(", ")} in ${dir}`;
  if (!(search.build ?? environment["REALKUBE_BUILD"] === "1")) {
    return {
      ok: false,
      reason: `${wanted}; run "node tools/realkube.ts build" (needs Go), or name a folder in REALKUBE_BIN`,
    };
  }
  if ((await goVersion()) === undefined) {
    return { ok: false, reason: `${wanted}, and Go, which would build it, is not installed` };
  }
  await buildComponents(missing, dir);
  return { ok: true, dir, found: "build" };
}
