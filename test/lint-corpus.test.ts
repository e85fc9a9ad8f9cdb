/** One verdict: what lint says of a file is what API server, webhooks and programs say of its objects. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { convertBgpPeer } from "../src/admission/bgp-peer-conversion.ts";
import { reviewAdmission, validatingWebhooks } from "../src/admission/index.ts";
import {
  ConfigSource,
  emptyResourceSet,
  type ConfigInput,
  type ConfigKind,
  type ResourceSet,
} from "../src/config/index.ts";
import { customResourceDefinitions } from "../src/crds/index.ts";
import type { ConfigMap, KubeObject, Labels, Secret } from "../src/kube/index.ts";
import { lintDocuments, readManifests, type LintReport, type Manifest } from "../src/lint/index.ts";
import { objectFaults, type JsonObject } from "../src/schema/index.ts";

const folder = join(import.meta.dirname, "lint-corpus");
const namespace = "metallb-system";

interface Case {
  readonly name: string;
  readonly text: string;
  /** The code of the first error, or `valid`. */
  readonly expect: string;
  readonly mode: string;
  readonly legacyVersion: "0.9.5" | undefined;
  /** Why the API takes what the programs refuse: so by design (WH-4..WH-6). */
  readonly webhooks: string | undefined;
  /** Why the programs run all the same. */
  readonly programs: string | undefined;
}

function readCase(name: string): Case {
  const text = readFileSync(join(folder, name), "utf8");
  const head = new Map(
    [...text.matchAll(/^# ([a-z-]+): (.*)$/gm)].map(([, key = "", value = ""]) => [key, value]),
  );
  return {
    name,
    text,
    expect: head.get("expect") ?? "",
    mode: head.get("mode") ?? "native",
    legacyVersion: head.has("legacy-version") ? "0.9.5" : undefined,
    webhooks: head.get("webhooks"),
    programs: head.get("programs"),
  };
}

const fieldOf = {
  IPAddressPool: "pools",
  L2Advertisement: "l2Advertisements",
  BGPAdvertisement: "bgpAdvertisements",
  BGPPeer: "peers",
  BFDProfile: "bfdProfiles",
  Community: "communities",
} as const satisfies Record<ConfigKind, keyof ResourceSet>;

/** The API server with its schemas and webhooks, one object after the other. */
class Api {
  stored: ResourceSet = emptyResourceSet;
  readonly refused: string[] = [];
  readonly #bgpType: string;

  constructor(bgpType: string) {
    this.#bgpType = bgpType;
  }

  create({ kind, apiVersion, object }: Manifest): void {
    if (kind === "Node") {
      const { name, labels } = (object as unknown as KubeObject).metadata;
      const nodes = new Map<string, Labels>([...this.stored.nodes, [name, labels ?? {}]]);
      this.stored = { ...this.stored, nodes };
    }
    if (!apiVersion.startsWith("metallb.io/")) return;
    const why = this.#schemaFault({ kind, apiVersion, object }) ?? this.#denial(kind, object);
    if (why !== undefined) this.refused.push(why);
    else this.#store(kind as ConfigKind, this.#asStored(object));
  }

  #schemaFault({
    kind,
    apiVersion,
    object,
  }: Omit<Manifest, "file" | "positionOf" | "positionInside">) {
    const definition = customResourceDefinitions.find(({ spec }) => spec.names.kind === kind);
    const version = definition?.spec.versions.find(
      ({ name }) => `metallb.io/${name}` === apiVersion,
    );
    if (version === undefined) return `no matches for kind ${kind} in ${apiVersion}`;
    const { name } = (object as unknown as KubeObject).metadata;
    if (!/^[a-z0-9.-]+$/.test(name)) return "metadata.name: Invalid value";
    return objectFaults(object, version.schema.openAPIV3Schema)[0]?.message;
  }

  #asStored(object: JsonObject): JsonObject {
    if (object["kind"] !== "BGPPeer") return object;
    const converted = convertBgpPeer(object, "metallb.io/v1beta2");
    assert.ok(converted.ok);
    return converted.object as JsonObject;
  }

  #denial(kind: string, given: JsonObject): string | undefined {
    const webhook = validatingWebhooks.find((one) => one.kind === kind);
    assert.ok(webhook);
    const reads = Object.entries(fieldOf).filter(([one]) =>
      webhook.reads.includes(one as ConfigKind),
    );
    const existing = {
      ...emptyResourceSet,
      ...Object.fromEntries(reads.map(([, field]) => [field, this.stored[field]])),
      ...(webhook.reads.includes("Node") && { nodes: this.stored.nodes }),
    };
    const { metadata } = given as unknown as KubeObject;
    const object = this.#asStored(given);
    const own = metadata.namespace ?? namespace;
    const request = { uid: "1", kind, operation: "CREATE", namespace: own, object };
    const options = { namespace, bgpType: this.#bgpType };
    const answer = reviewAdmission(webhook, request, existing, options);
    return answer.allowed ? undefined : (answer.status?.message ?? "denied");
  }

  #store(kind: ConfigKind, object: JsonObject): void {
    const field = fieldOf[kind];
    this.stored = { ...this.stored, [field]: [...this.stored[field], object] };
  }
}

/** What controller and speaker make of the objects that the API took; undefined: all is well. */
function programRefusal(stored: ResourceSet, all: readonly Manifest[], bgpType: string) {
  const secrets = all.filter(({ kind }) => kind === "Secret");
  const source = new ConfigSource({
    scope: "everything",
    namespace,
    configName: "config",
    bgpType,
    knowsSecrets: secrets.length > 0,
    held: () => [],
  });
  for (const [kind, field] of Object.entries(fieldOf)) {
    for (const object of stored[field]) {
      source.setObject(kind as ConfigKind, object.metadata.name, object);
    }
  }
  for (const [name, labels] of stored.nodes) source.setNode(name, labels);
  for (const { object } of secrets) {
    const secret = object as unknown as Secret;
    source.setSecret(secret.metadata.name, secret);
  }
  const configMaps = all.filter(({ kind }) => kind === "ConfigMap");
  const objects = configMaps.map(({ object }) => object as unknown as ConfigMap);
  source.setConfigMap(
    "config",
    objects.find(({ metadata }) => metadata.name === "config"),
  );
  const inputs: ConfigInput[] = ["ConfigMap", "Namespace", "Node", "Secret"];
  for (const one of [...inputs, ...(Object.keys(fieldOf) as ConfigKind[])]) {
    source.setKnown(one, "listed");
  }
  const outcome = source.look();
  return outcome?.kind === "refused" ? outcome.findings[0]?.code : undefined;
}

const cases = readdirSync(folder).map(readCase);

function lint({ name, text, mode: bgpType, legacyVersion }: Case): LintReport {
  return lintDocuments([{ name, text }], { bgpType, namespace, legacyVersion });
}

describe("the verdict of lint", () => {
  it("saw the corpus", () => {
    assert.ok(cases.length > 80);
  });

  for (const one of cases) {
    it(`is ${one.expect} for ${one.name}, at a place and with a mend`, () => {
      const { valid, findings } = lint(one);
      const first = findings.find(({ severity }) => severity === "error");
      assert.equal(first?.code ?? "valid", one.expect);
      assert.equal(valid, one.expect === "valid");
      for (const { file, line = 0, column = 0, fix } of findings) {
        assert.equal(file, one.name);
        assert.ok(line > 0 && column > 0 && fix !== "");
      }
    });
  }

  for (const one of cases.filter(({ expect }) => expect !== "YAML")) {
    it(`WH-4, WH-5: for ${one.name} is that of webhooks and programs`, () => {
      const { valid } = lint(one);
      const { manifests } = readManifests([one]);
      const api = new Api(one.mode);
      for (const manifest of manifests) api.create(manifest);
      const isTaken = api.refused.length === 0;
      const refusal = programRefusal(api.stored, manifests, one.mode);
      const isAccepted = isTaken && refusal === undefined;
      assert.equal(isAccepted, valid || one.programs !== undefined, api.refused.join());
      const hasWebhooks = manifests.some(({ apiVersion }) => apiVersion.startsWith("metallb.io/"));
      assert.equal(isTaken, valid || one.webhooks !== undefined || !hasWebhooks);
      const isTold = isTaken && one.programs === undefined;
      assert.equal(isTold ? (refusal ?? "valid") : one.expect, one.expect);
    });
  }
});
