/** BFDProfiles: numbers in their ranges, names used once (CFG-36, CRD-17). */
import type { BFDProfile } from "../kube/index.ts";
import type { BfdProfile } from "./config.ts";
import { nameOf, type FindingList } from "./finding-list.ts";
import { Fields } from "./resource-fields.ts";

export function compileBfdProfiles(
  objects: readonly BFDProfile[],
  findings: FindingList,
): ReadonlyMap<string, BfdProfile> {
  const profiles = new Map<string, BfdProfile>();
  for (const object of objects) {
    const report = findings.begin("BFDProfile", object);
    const name = nameOf(object);
    const profile = compileProfile(name, new Fields(object?.spec, "spec", report, "CFG-36"));
    if (name === "" || profiles.has(name)) {
      const message = name === "" ? "missing name" : `a second profile is named "${name}"`;
      const fix = "give each profile a name of its own";
      report.add({ code: "CFG-36", path: "metadata.name", message, fix });
    }
    profiles.set(name, profile);
  }
  return profiles;
}

/** Absent stays absent: the default is that of the BGP implementation. */
function compileProfile(name: string, spec: Fields): BfdProfile {
  const numbers = {
    detectMultiplier: spec.integer("detectMultiplier", 2, 255),
    receiveIntervalMs: spec.integer("receiveInterval", 10, 60_000),
    transmitIntervalMs: spec.integer("transmitInterval", 10, 60_000),
    minimumTtl: spec.integer("minimumTtl", 1, 254),
    echoIntervalMs: spec.integer("echoInterval", 10, 60_000),
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return {
    name,
    ...(Object.fromEntries(given) as Partial<Record<keyof typeof numbers, number>>),
    echoMode: spec.flag("echoMode"),
    passiveMode: spec.flag("passiveMode"),
  };
}
