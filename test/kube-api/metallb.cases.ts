/** MetalLB's own custom resources: their schemas, rules, columns and status, as our manifest defines them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { before, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { eventually, newNamespace, refused, succeeded, type Json } from "./api-client.ts";
import type { ServerUnderTest } from "./servers.ts";

const manifest = join(import.meta.dirname, "../../manifests/metallb-native.yaml");
const webhookKind = "ValidatingWebhookConfiguration";
const force = "?fieldManager=kubectl&force=true";

interface ManifestObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: Json;
}

/** The object without the record of who wrote it when. */
function bare({
  metadata: { resourceVersion: _version, managedFields: _by, ...metadata },
  ...object
}: Json): Json {
  return { ...object, metadata };
}

export function metallbCases({ api }: ServerUnderTest): void {
  const objects = parseAllDocuments(readFileSync(manifest, "utf8")).map(
    (document) => document.toJS() as ManifestObject,
  );
  const pathOf = ({ apiVersion, kind, metadata: { name, namespace } }: ManifestObject): string => {
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const place = namespace === undefined ? "" : `/namespaces/${namespace}`;
    return `${root}${place}/${kind.toLowerCase()}s/${name}`;
  };
  let group: string;

  const plurals = new Map(
    objects
      .filter(({ kind }) => kind === "CustomResourceDefinition")
      .map(({ spec }) => [spec.names.kind, spec.names.plural] as [string, string]),
  );

  const make = (kind: string, name: string, fields: object, version = "v1beta1") =>
    api.post(`${group.replace("v1beta1", version)}/${plurals.get(kind)}`, {
      apiVersion: `metallb.io/${version}`,
      kind,
      metadata: { name },
      ...fields,
    });
  const causes = ({ body }: { body: Json }): string[] =>
    body.details.causes
      // Of the object as a whole it is only said that some rules were not checked.
      .filter(({ field }: Json) => field !== "<nil>")
      .map(({ field }: Json) => field);

  before(async () => {
    for (const object of objects) {
      const reply = await api.patch(pathOf(object) + force, "apply", object);
      assert.ok(reply.status < 300, JSON.stringify(reply.body));
      assert.equal(reply.headers["warning"], undefined);
    }
    // Nobody here answers for them.
    const webhooks = objects.find(({ kind }) => kind === webhookKind);
    assert.ok(webhooks);
    succeeded(await api.delete(pathOf(webhooks)));
    group = `/apis/metallb.io/v1beta1/namespaces/${await newNamespace(api)}`;
    for (const plural of plurals.values()) {
      await eventually(
        () => api.get(`${group}/${plural}`),
        ({ status }) => status === 200,
      );
    }
    const probe = { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" };
    const fields = { metadata: { name: "probe" }, spec: { addresses: [] } };
    await eventually(
      () => api.post(`${group}/ipaddresspools?dryRun=All`, { ...probe, ...fields }),
      ({ body }) => !String(body.message).includes("webhook"),
    );
  });

  it("INS-20: the manifest can be applied again, and changes nothing", async () => {
    for (const object of objects) {
      if (object.kind === webhookKind) continue;
      const earlier = bare(succeeded(await api.get(pathOf(object))));
      const later = bare(succeeded(await api.patch(pathOf(object) + force, "apply", object)));
      assert.deepEqual(later, earlier);
    }
  });

  it("CRD-10: a pool gets its defaults, needs addresses, and its counts keep every digit", async () => {
    const spec = { addresses: [], serviceAllocation: { priority: -3 }, colour: "red" };
    const pool = succeeded(await make("IPAddressPool", "lan", { spec }), 201);
    assert.deepEqual(pool.spec, {
      addresses: [],
      autoAssign: true,
      avoidBuggyIPs: false,
      serviceAllocation: { priority: -3 },
    });
    refused(
      await make("IPAddressPool", "none", { spec: {} }),
      422,
      "Invalid",
      'IPAddressPool.metallb.io "none" is invalid: spec.addresses: Required value',
    );
    const without = await make("IPAddressPool", "none", {});
    refused(without, 422, "Invalid", /: spec: Required value/);
    const path = `${group}/ipaddresspools/lan`;
    const status = `"status":{"assignedIPv4":0,"assignedIPv6":0,"availableIPv4":4,"availableIPv6":9223372036854775807}`;
    succeeded(
      await api.call("PATCH", `${path}/status`, {
        body: `{${status}}`,
        contentType: "application/merge-patch+json",
      }),
    );
    const { body } = await api.get(path, "application/yaml");
    assert.match(body, /availableIPv6: 9223372036854775807\n/);
    const part = await api.patch(`${path}/status`, "merge", { status: { assignedIPv4: null } });
    refused(part, 422, "Invalid", /status.assignedIPv4: Required value/);
  });

  it("CRD-11: preferences need a selector and a weight of 1 to 100", async () => {
    const wish = (weight?: number): object => ({
      spec: {
        preferredNodeSelectors: [{ ...(weight !== undefined && { weight }), preference: {} }],
      },
    });
    succeeded(await make("L2Advertisement", "fine", wish(100)), 201);
    succeeded(await make("L2Advertisement", "bare", {}), 201);
    const weight = "spec.preferredNodeSelectors[0].weight";
    for (const wrong of [0, 101, undefined]) {
      const reply = await make("L2Advertisement", "wrong", wish(wrong));
      refused(reply, 422, "Invalid");
      assert.deepEqual(causes(reply), [weight]);
    }
  });

  it("CRD-12: service selectors go with single addresses only", async () => {
    const fields = (spec: object): object => ({
      spec: { serviceSelectors: [{ matchLabels: { a: "b" } }], ...spec },
    });
    const plain = await make("BGPAdvertisement", "plain", { spec: {} });
    assert.deepEqual(succeeded(plain, 201).spec, {
      aggregationLength: 32,
      aggregationLengthV6: 128,
    });
    succeeded(await make("BGPAdvertisement", "single", fields({})), 201);
    for (const spec of [{ aggregationLength: 24 }, { aggregationLengthV6: 64 }]) {
      const reply = await make("BGPAdvertisement", "wide", fields(spec));
      refused(reply, 422, "Invalid", /serviceSelectors need single addresses/);
    }
    const empty = fields({ serviceSelectors: [], aggregationLength: 24 });
    succeeded(await make("BGPAdvertisement", "none", empty), 201);
    const zero = await make("BGPAdvertisement", "zero", { spec: { aggregationLength: 0 } });
    refused(zero, 422, "Invalid");
  });

  it("CRD-10, CRD-12: numbers keep to the range of their format", async () => {
    const advertisement = (localPref: number) =>
      make("BGPAdvertisement", `pref-${localPref}`, { spec: { localPref } });
    succeeded(await advertisement(2_147_483_647), 201);
    const format = /Checked value must be of type integer with format int32 in spec.localPref/;
    refused(await advertisement(2_147_483_648), 422, "Invalid", format);
    const body = { apiVersion: "metallb.io/v1beta1", kind: "IPAddressPool" };
    const fields = { metadata: { name: "huge" }, spec: { addresses: [] } };
    const text = JSON.stringify({ ...body, ...fields });
    const huge = text.replace("[]", '[],"serviceAllocation":{"priority":9223372036854775808}');
    const reply = await api.call("POST", `${group}/ipaddresspools`, { body: huge });
    refused(
      reply,
      422,
      "Invalid",
      /spec.serviceAllocation.priority in body must be of type integer/,
    );
  });

  it("CRD-13: a peer gets port 179; numbers, words and times have their limits", async () => {
    const peer = (spec: object, name = "wrong") =>
      make("BGPPeer", name, { spec: { myASN: 64_512, ...spec } }, "v1beta2");
    assert.deepEqual(succeeded(await peer({ connectTime: "65535s" }, "fine"), 201).spec, {
      myASN: 64_512,
      connectTime: "65535s",
      disableMP: false,
      dualStackAddressFamily: false,
      peerPort: 179,
    });
    const limits: [object, string][] = [
      [{ myASN: 4_294_967_296 }, "spec.myASN"],
      [{ peerASN: -1 }, "spec.peerASN"],
      [{ localASN: 0 }, "spec.localASN"],
      [{ peerPort: 0 }, "spec.peerPort"],
      [{ peerPort: 16_385 }, "spec.peerPort"],
      [{ dynamicASN: "both" }, "spec.dynamicASN"],
      [{ connectTime: "0s" }, "spec.connectTime"],
      [{ connectTime: "65536s" }, "spec.connectTime"],
      [{ connectTime: "1500ms" }, "spec.connectTime"],
      [{ connectTime: "soon" }, "spec.connectTime"],
    ];
    for (const [spec, field] of limits) {
      const reply = await peer(spec);
      refused(reply, 422, "Invalid");
      assert.ok(
        causes(reply).every((one) => one === field),
        JSON.stringify(reply.body),
      );
    }
  });

  it("CRD-13: a rule that cannot be evaluated is broken", async () => {
    const spec = { myASN: 1, connectTime: "soon" };
    const reply = await make("BGPPeer", "wrong", { spec }, "v1beta2");
    const why =
      /spec.connectTime: Invalid value: "string": type conversion error .* evaluating rule: must be/;
    refused(reply, 422, "Invalid", why);
  });

  it("CRD-13: rules are not asked about a peer that lacks what it must have", async () => {
    const spec = { connectTime: "soon", dynamicASN: "both" };
    const reply = await make("BGPPeer", "wrong", { spec }, "v1beta2");
    refused(reply, 422, "Invalid", /<nil>: Invalid value: null: some validation rules were not/);
    assert.deepEqual(causes(reply).sort(), ["spec.dynamicASN", "spec.myASN"]);
  });

  it("CRD-13: graceful restart stays as the peer was made", async () => {
    const spec = { myASN: 1, enableGracefulRestart: true };
    succeeded(await make("BGPPeer", "graceful", { spec }, "v1beta2"), 201);
    const path = `${group.replace("v1beta1", "v1beta2")}/bgppeers/graceful`;
    const change = await api.patch(path, "merge", { spec: { enableGracefulRestart: false } });
    refused(change, 422, "Invalid", /spec.enableGracefulRestart: .*cannot be changed/);
    succeeded(await api.patch(path, "merge", { spec: { bfdProfile: "fast" } }));
  });

  it("CRD-17: numbers of a BFD profile have their limits, and no defaults", async () => {
    const profile = (spec: object, name = "wrong") => make("BFDProfile", name, { spec });
    assert.deepEqual(succeeded(await profile({ minimumTtl: 254 }, "fine"), 201).spec, {
      minimumTtl: 254,
    });
    const limits = {
      receiveInterval: [9, 60_001],
      transmitInterval: [9, 60_001],
      echoInterval: [9, 60_001],
      detectMultiplier: [1, 256],
      minimumTtl: [0, 255],
    };
    for (const [field, wrong] of Object.entries(limits)) {
      for (const value of wrong) {
        const reply = await profile({ [field]: value });
        refused(reply, 422, "Invalid");
        assert.deepEqual(causes(reply), [`spec.${field}`]);
      }
    }
  });

  it("CRD-17: communities are names and values", async () => {
    const spec = { communities: [{ name: "blue", value: "65000:1", colour: "red" }] };
    const made = succeeded(await make("Community", "all", { spec }), 201);
    assert.deepEqual(made.spec.communities, [{ name: "blue", value: "65000:1" }]);
  });

  const statuses = {
    "CRD-20": ["ServiceL2Status", "servicel2statuses", { interfaces: [{ name: "eth0" }] }],
    "CRD-21": ["ServiceBGPStatus", "servicebgpstatuses", { peers: ["tor1"] }],
  } as const;
  for (const [rule, [kind, plural, extra]] of Object.entries(statuses)) {
    it(`${rule}: a ${kind} speaks of one service on one node for ever`, async () => {
      const status = { node: "n1", serviceName: "web", serviceNamespace: "shop", ...extra };
      const made = succeeded(await make(kind, "one", { spec: {}, status }), 201);
      assert.equal(made.status, undefined);
      const path = `${group}/${plural}/one/status`;
      assert.deepEqual(succeeded(await api.put(path, { ...made, status })).status, status);
      for (const field of ["node", "serviceName", "serviceNamespace"]) {
        const reply = await api.patch(path, "merge", { status: { [field]: "other" } });
        refused(reply, 422, "Invalid", new RegExp(`status.${field}: .*cannot be changed`));
      }
      const gone = Object.fromEntries(Object.keys(extra).map((field) => [field, []]));
      succeeded(await api.patch(path, "merge", { status: gone }));
    });
  }

  it("CRD-22, ST-11: each manager owns its own condition of a ConfigurationState", async () => {
    succeeded(await make("ConfigurationState", "controller", {}), 201);
    const path = `${group}/configurationstates/controller/status`;
    const apply = (manager: string, type: string, status: string) =>
      api.patch(`${path}?fieldManager=${manager}&force=true`, "apply", {
        apiVersion: "metallb.io/v1beta1",
        kind: "ConfigurationState",
        status: {
          conditions: [
            { type, status, reason: "R", message: "", lastTransitionTime: "2026-11-22T10:00:00Z" },
          ],
        },
      });
    succeeded(await apply("poolReconciler", "poolReconcilerValid", "True"));
    succeeded(await apply("configReconciler", "configReconcilerValid", "True"));
    const result = { status: { result: "Invalid", errorSummary: "m1" } };
    succeeded(await api.patch(path, "merge", result));
    const { status } = succeeded(await apply("poolReconciler", "poolReconcilerValid", "False"));
    assert.deepEqual(
      status.conditions.map((one: Json) => `${one.type} ${one.status}`),
      ["poolReconcilerValid False", "configReconcilerValid True"],
    );
    assert.equal(status.result, "Invalid");
    refused(await api.patch(path, "merge", { status: { result: "Maybe" } }), 422, "Invalid");
    refused(await apply("poolReconciler", "poolReconcilerValid", "Perhaps"), 422, "Invalid");
  });

  it("CRD-1: tables show the columns of each kind", async () => {
    const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    const columns = async (plural: string): Promise<string[]> => {
      const { body } = await api.get(`${group}/${plural}`, table);
      return body.columnDefinitions.map((one: Json) => `${one.name} ${one.type} ${one.priority}`);
    };
    assert.deepEqual(await columns("l2advertisements"), [
      "Name string 0",
      "IPAddressPools string 0",
      "IPAddressPool Selectors string 0",
      "Interfaces string 0",
      "Node Selectors string 10",
    ]);
    const { body } = await api.get(`${group}/ipaddresspools`, table);
    assert.deepEqual(body.rows[0].cells, ["lan", true, false, "[]"]);
  });
}
