/** Which build this is; an image sets METALLB_BUILD_COMMIT and METALLB_BUILD_BRANCH. */

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
