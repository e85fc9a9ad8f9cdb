/** manifests/layer2-kernel: the rights for answering in the kernel, for both generations' manifests. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parse, parseAllDocuments } from "yaml";
import { jsonPatch } from "../src/apiserver/json-patch.ts";
import { findBadValue, parseSpeakerFlags } from "../src/speaker/flags.ts";

const folder = join(import.meta.dirname, "../manifests");

// oxlint-disable-next-line typescript/no-explicit-any -- YAML documents of any shape
type Yaml = any;

function speakerIn(text: string): Yaml {
  const objects = parseAllDocuments(text).map((document) => document.toJS());
  return objects.find(({ kind, metadata }) => kind === "DaemonSet" && metadata.name === "speaker");
}

describe("the patch for answering in the kernel", () => {
  const patch = parse(readFileSync(join(folder, "layer2-kernel/speaker.yaml"), "utf8"));

  for (const manifest of ["metallb-native.yaml", "metallb.yaml"]) {
    it(`L2-163: gives the speaker of ${manifest} its rights and its flag, and changes nothing else`, () => {
      const before = speakerIn(readFileSync(join(folder, manifest), "utf8"));
      const after = jsonPatch(structuredClone(before), patch) as Yaml;
      const [container] = after.spec.template.spec.containers;
      const { drop, add } = container.securityContext.capabilities;
      assert.deepEqual([drop, add], [["ALL"], ["BPF", "NET_ADMIN", "NET_RAW"]]);
      const flags = parseSpeakerFlags([...container.args, "--node-name=n1"], {});
      assert.ok(flags.ok && flags.given.has("layer2-responder"));
      assert.equal(findBadValue(flags.values, "native"), undefined);
      const [plain] = before.spec.template.spec.containers;
      container.securityContext.capabilities.add = plain.securityContext.capabilities.add;
      container.args.pop();
      assert.deepEqual(after, before);
    });
  }

  const hasKubectl = spawnSync("kubectl", ["kustomize", "--help"]).status === 0;
  it("is a component that kustomize takes", { skip: hasKubectl ? false : "needs kubectl" }, () => {
    const place = mkdtempSync(join(tmpdir(), "kustomize-"));
    try {
      cpSync(folder, join(place, "manifests"), { recursive: true });
      const wish = `resources: [manifests/metallb-native.yaml]\ncomponents: [manifests/layer2-kernel]\n`;
      writeFileSync(join(place, "kustomization.yaml"), wish);
      const { stdout, stderr } = spawnSync("kubectl", ["kustomize", place], { encoding: "utf8" });
      const speaker = speakerIn(stdout);
      assert.ok(speaker, stderr);
      const [{ args, securityContext }] = speaker.spec.template.spec.containers;
      assert.equal(args.at(-1), "--layer2-responder=auto");
      assert.deepEqual(securityContext.capabilities.add, ["BPF", "NET_ADMIN", "NET_RAW"]);
    } finally {
      rmSync(place, { recursive: true });
    }
  });
});
