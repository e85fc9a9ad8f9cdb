/** BFD profiles of late ConfigMap releases (LC-4; ranges of CRD-17). */
import type { BfdProfile } from "./config.ts";
import type { Faults } from "./config-error.ts";
import { flag, integer, mapping, text, type Located, type ShapeOf } from "./strict-yaml.ts";

const interval = integer(10, 60_000);

export const bfdProfileShape = mapping({
  name: text,
  "receive-interval": interval,
  "transmit-interval": interval,
  "detect-multiplier": integer(2, 255),
  "echo-interval": interval,
  "echo-mode": flag,
  "passive-mode": flag,
  "minimum-ttl": integer(1, 254),
});

export function compileBfdProfiles(
  raw: readonly Located<ShapeOf<typeof bfdProfileShape>>[],
  faults: Faults,
): ReadonlyMap<string, BfdProfile> {
  const profiles = new Map<string, BfdProfile>();
  for (const { value, place } of raw) {
    const name = value.name.value ?? "";
    if ((name === "" || profiles.has(name)) && !faults.isBroken(place)) {
      const problem = name === "" ? "missing name" : `a second profile is named "${name}"`;
      faults.add("bad-bfd-profile", value.name, problem, "give each profile a name of its own");
    }
    profiles.set(name, { name, ...compileNumbers(value) });
  }
  return profiles;
}

function compileNumbers(raw: ShapeOf<typeof bfdProfileShape>): Omit<BfdProfile, "name"> {
  const numbers = {
    receiveIntervalMs: raw["receive-interval"].value,
    transmitIntervalMs: raw["transmit-interval"].value,
    detectMultiplier: raw["detect-multiplier"].value,
    echoIntervalMs: raw["echo-interval"].value,
    minimumTtl: raw["minimum-ttl"].value,
  };
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Partial<Record<keyof typeof numbers, number>>),
    echoMode: raw["echo-mode"].value ?? false,
    passiveMode: raw["passive-mode"].value ?? false,
  };
}
