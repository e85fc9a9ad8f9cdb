/** Which build this is: tools/build.ts writes commit and branch in; from source the environment may tell them. */

import packageJson from "../../package.json" with { type: "json" };

export interface BuildInfo {
  readonly version: string;
  readonly commit: string;
  readonly branch: string;
  /** The name is MetalLB's; ours tells the runtime and its version (FL-3). */
  readonly goversion: string;
}

export const buildInfo: BuildInfo = {
  version: packageJson.version,
  commit: process.env["METALLB_BUILD_COMMIT"] ?? "unknown",
  branch: process.env["METALLB_BUILD_BRANCH"] ?? "unknown",
  goversion: `node ${process.version}`,
};
