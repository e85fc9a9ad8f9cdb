/** The text of the legacy ConfigMap becomes a Config, or one error that names the first fault. */
import { bfdProfileShape, compileBfdProfiles } from "./bfd-profiles.ts";
import { compileAliases } from "./communities.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";
import { compilePeer, peerShape } from "./peers.ts";
import { compilePools, poolShape } from "./pools.ts";
import { list, mapping, readDocument, textMap } from "./strict-yaml.ts";

/** `late` also knows the keys that releases 0.11 to 0.12 added (LC-4). */
export type ConfigMapGeneration = "0.9.5" | "late";

export type CompileResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly error: ConfigError };

const documentShape = mapping(
  {
    peers: list(peerShape),
    "bgp-communities": textMap,
    "address-pools": list(poolShape),
    "bfd-profiles": list(bfdProfileShape),
  },
  ["bfd-profiles"],
);

/**
 * Compiles the document under data key `config`. All or nothing; the order of evaluation, and
 * so the error that is reported, is fixed: shape, peers, aliases, pools (LC-2, LC-3).
 */
export function compileConfigMap(
  text: string,
  options: { readonly generation?: ConfigMapGeneration } = {},
): CompileResult {
  const generation = options.generation ?? "0.9.5";
  try {
    const late = generation === "late";
    const { value: raw, unreadFromLine } = readDocument(text, documentShape, late);
    const bfdProfiles = compileBfdProfiles(raw["bfd-profiles"].value);
    const peers = raw.peers.value.map((peer, index) => ({
      name: `peer${index + 1}`,
      ...compilePeer(peer.value, bfdProfiles),
    }));
    const aliases = compileAliases(raw["bgp-communities"].value);
    const warnings: string[] = [];
    if (unreadFromLine !== undefined) warnings.push(aboutUnread(unreadFromLine));
    const pools = compilePools(raw["address-pools"].value, { aliases, generation, warnings });
    const config: Config = {
      generation: "legacy",
      pools,
      peers,
      ...(bfdProfiles.size > 0 && { bfdProfiles }),
    };
    return { ok: true, config, warnings };
  } catch (error) {
    if (error instanceof ConfigError) return { ok: false, error };
    throw error;
  }
}

function aboutUnread(line: number): string {
  const fix = "move it into the first document, or remove it";
  return `the second YAML document, from line ${line} on, is not read; ${fix}`;
}
