/**
 * Writes manifests/crds/ and manifests/metallb-native.yaml from src/crds and manifests/native/.
 *
 *   node tools/manifests.ts            # writes
 *
 * A test fails while the files differ from what would be written.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { customResourceDefinitions } from "../src/crds/index.ts";

const folder = join(dirname(import.meta.dirname), "manifests");
const origin = "# Written by tools/manifests.ts";

/** Text by file name below manifests/. */
export function manifestFiles(): Map<string, string> {
  const crds = customResourceDefinitions.map((crd) => ({
    name: `crds/${crd.metadata.name}.yaml`,
    // Parts that several fields share are written out: kubectl knows no anchors that it would keep.
    text: stringify(crd, { aliasDuplicateObjects: false, lineWidth: 100 }),
  }));
  const part = (name: string) => readFileSync(join(folder, "native", `${name}.yaml`), "utf8");
  const whole = [
    part("namespace"),
    ...crds.map(({ text }) => text),
    ...["access", "webhooks", "workloads"].map(part),
  ];
  return new Map([
    ...crds.map(({ name, text }) => [name, `${origin} from src/crds.\n${text}`] as const),
    [
      "metallb-native.yaml",
      `${origin} from src/crds and manifests/native.\n${whole.join("---\n")}`,
    ],
  ]);
}

if (import.meta.main) {
  mkdirSync(join(folder, "crds"), { recursive: true });
  for (const [name, text] of manifestFiles()) writeFileSync(join(folder, name), text);
}
