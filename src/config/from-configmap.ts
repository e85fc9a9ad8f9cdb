/** The text of the legacy ConfigMap becomes a Config, or one error that names the first fault. */
import { compileBfdProfiles } from "./bfd-profiles.ts";
import { compileAliases } from "./communities.ts";
import type { Config } from "./config.ts";
import { Faults, findingOf, type ConfigError } from "./config-error.ts";
import type { Finding } from "./finding.ts";
import { compilePeer } from "./peers.ts";
import { compilePools, type PlacedWarning } from "./pools.ts";
import { documentShape } from "./legacy-document.ts";
import { readDocument, type ShapeOf } from "./strict-yaml.ts";

/** `late` also knows the keys that releases 0.11 to 0.12 added (LC-4). */
export type ConfigMapGeneration = "0.9.5" | "late";

export interface ConfigMapOptions {
  readonly generation?: ConfigMapGeneration;
  /** `namespace/name` of the ConfigMap, for the findings. */
  readonly name?: string;
}

export type CompileResult =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly Finding[] }
  | {
      readonly ok: false;
      /** The first, which is the one that MetalLB would report. */
      readonly error: ConfigError;
      /** All errors in the order of evaluation (LC-3, LC-7). */
      readonly findings: readonly Finding[];
    };

/**
 * Compiles the document under data key `config`. All or nothing; the order of evaluation, and
 * so the error that is reported first, is fixed: shape, peers, aliases, pools (LC-2, LC-3).
 */
export function compileConfigMap(text: string, options: ConfigMapOptions = {}): CompileResult {
  const { generation = "0.9.5", name = "metallb-system/config" } = options;
  const object = `ConfigMap ${name}`;
  const faults = new Faults();
  const warnings: Finding[] = [];
  const read = readDocument(text, documentShape, { faults, keys: generation });
  if (read.unreadFromLine !== undefined) warnings.push(aboutUnread(read.unreadFromLine, object));
  const config = read.value && compileFields(read.value, generation, { object, faults, warnings });
  const [error] = faults.errors;
  if (config !== undefined && error === undefined) return { ok: true, config, warnings };
  const findings = faults.errors.map((one) => findingOf(one, object));
  return { ok: false, error: error as ConfigError, findings };
}

interface Takedown {
  readonly object: string;
  readonly faults: Faults;
  readonly warnings: Finding[];
}

function compileFields(
  raw: ShapeOf<typeof documentShape>,
  generation: ConfigMapGeneration,
  { object, faults, warnings }: Takedown,
): Config {
  const bfdProfiles = compileBfdProfiles(raw["bfd-profiles"].value, faults);
  const peers = raw.peers.value
    .filter(({ place }) => !faults.isBroken(place))
    .map((peer, index) => ({
      name: `peer${index + 1}`,
      ...compilePeer(peer.value, { bfdProfiles, faults }),
    }));
  const aliases = compileAliases(raw["bgp-communities"].value, faults);
  const odd: PlacedWarning[] = [];
  const context = { aliases, generation, faults, warnings: odd };
  const pools = compilePools(raw["address-pools"].value, context);
  warnings.push(...odd.map((one) => warningOf(one, object)));
  return { generation: "legacy", pools, peers, ...(bfdProfiles.size > 0 && { bfdProfiles }) };
}

function warningOf({ code, place, value, problem, fix }: PlacedWarning, object: string): Finding {
  const { path } = place;
  const shown = value !== undefined && { value };
  const message = problem;
  return { code, severity: "warning", object, path, ...shown, message, fix, ...place.position() };
}

function aboutUnread(line: number, object: string): Finding {
  return {
    code: "LC-2",
    severity: "warning",
    object,
    path: "",
    message: "the second YAML document, and what follows it, is not read",
    fix: "move it into the first document, or remove it",
    line,
    column: 1,
  };
}
