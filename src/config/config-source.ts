/** Which configuration is in force: follows resources and ConfigMap, compiles them, and decides between the two. */

import type { Config } from "./config.ts";
import type { Finding } from "./finding.ts";
import type { HeldAddress } from "./transitions.ts";

/** What came of looking at the configuration as it is now. */
export type ConfigOutcome =
  | { readonly kind: "accepted"; readonly config: Config; readonly warnings: readonly Finding[] }
  /** Equal to the one in force, which is good again if it was stale (CFG-51). */
  | { readonly kind: "unchanged"; readonly warnings: readonly Finding[] }
  /** The one in force stays; the first finding is the one MetalLB would report (CFG-50, LC-28). */
  | { readonly kind: "refused"; readonly findings: readonly Finding[] }
  /** ConfigMap generation only: there is no ConfigMap (LC-27). */
  | { readonly kind: "missing" };

/** The addresses in use, which a legacy configuration must not strand (LC-21, LC-29). */
export type HeldAddresses = () => Iterable<HeldAddress>;
