/** The definitions against the tables of the specification, section 2. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  objectFaults,
  validateObject,
  textOf,
  type Json,
  type JsonObject,
  type Schema,
} from "../schema/index.ts";
import { customResourceDefinitions } from "./custom-resources.ts";

const definitionOf = (kind: string) => {
  const found = customResourceDefinitions.find(({ spec }) => spec.names.kind === kind);
  assert.ok(found, kind);
  return found;
};

const versionOf = (kind: string, name = "v1beta1") => {
  const found = definitionOf(kind).spec.versions.find((one) => one.name === name);
  assert.ok(found, `${kind} ${name}`);
  return found;
};

const schemaOf = (kind: string, name?: string): Schema =>
  versionOf(kind, name).schema.openAPIV3Schema;

/** Every field below spec or status as `path: type, limits`, selectors as one word. */
function fieldsOf(schema: Schema | undefined, path = ""): string[] {
  if (!schema) return [];
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = `${path}${name}`;
    const shown = `${at}${required.has(name) ? "!" : ""}: ${shape(field)}`;
    const inner = field.items ?? field;
    return isSelector(inner) ? [shown] : [shown, ...fieldsOf(inner, `${at}.`)];
  });
}

const isSelector = ({ properties }: Schema): boolean => properties?.matchLabels !== undefined;

function shape(field: Schema): string {
  if (field.items) return `[]${shape(field.items)}`;
  if (isSelector(field)) {
    return field["x-kubernetes-map-type"] === "atomic" ? "selector" : "old selector";
  }
  const limits = [
    field.default === undefined ? "" : ` = ${textOf(field.default)}`,
    field.minimum === undefined ? "" : ` ${field.minimum}..${field.maximum ?? ""}`,
    field.enum ? ` ${field.enum.map(textOf).join("|")}` : "",
  ];
  return (field.format ?? field.type ?? "") + limits.join("");
}

const spec = (kind: string, version?: string): string[] =>
  fieldsOf(schemaOf(kind, version).properties!.spec).sort();
const status = (kind: string): string[] => fieldsOf(schemaOf(kind).properties!.status).sort();

const faults = (kind: string, fields: JsonObject, version?: string): string[] =>
  objectFaults({ metadata: {}, ...fields }, schemaOf(kind, version)).map(({ path }) => path);

const AS = "int64 0..4294967295";

describe("custom resources", () => {
  it("CRD-1: nine kinds of group metallb.io, namespaced, with status, and no other names", () => {
    const names = customResourceDefinitions.map(({ spec: { names: one } }) => one.plural);
    assert.deepEqual(names, [
      "bfdprofiles",
      "bgpadvertisements",
      "bgppeers",
      "communities",
      "configurationstates",
      "ipaddresspools",
      "l2advertisements",
      "servicebgpstatuses",
      "servicel2statuses",
    ]);
    for (const { metadata, spec: one } of customResourceDefinitions) {
      const { kind, plural } = one.names;
      assert.equal(metadata.name, `${plural}.metallb.io`);
      assert.deepEqual(one.names, {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
      });
      assert.deepEqual([one.group, one.scope], ["metallb.io", "Namespaced"]);
      const versions = kind === "BGPPeer" ? ["v1beta1", "v1beta2"] : ["v1beta1"];
      assert.deepEqual(
        one.versions.map(({ name }) => name),
        versions,
      );
      for (const version of one.versions) {
        assert.deepEqual(version.subresources, { status: {} });
        assert.deepEqual(
          [version.served, version.storage],
          [true, version.name === versions.at(-1)],
        );
      }
    }
  });

  it("CRD-1: each prints its columns", () => {
    const columns = (kind: string, version?: string) =>
      (versionOf(kind, version).additionalPrinterColumns ?? []).map(
        ({ name, type, jsonPath, priority = 0 }) => `${name}|${type}|${jsonPath}|${priority}`,
      );
    const pools = [
      "IPAddressPools|string|.spec.ipAddressPools|0",
      "IPAddressPool Selectors|string|.spec.ipAddressPoolSelectors|0",
    ];
    const nodes = "Node Selectors|string|.spec.nodeSelectors|10";
    const peer = [
      "Address|string|.spec.peerAddress|0",
      "ASN|string|.spec.peerASN|0",
      "BFD Profile|string|.spec.bfdProfile|0",
      "Multi Hops|string|.spec.ebgpMultiHop|0",
    ];
    const service = [
      "Service Name|string|.status.serviceName|0",
      "Service Namespace|string|.status.serviceNamespace|0",
    ];
    assert.deepEqual(columns("IPAddressPool"), [
      "Auto Assign|boolean|.spec.autoAssign|0",
      "Avoid Buggy IPs|boolean|.spec.avoidBuggyIPs|0",
      "Addresses|string|.spec.addresses|0",
    ]);
    const interfaces = "Interfaces|string|.spec.interfaces|0";
    assert.deepEqual(columns("L2Advertisement"), [...pools, interfaces, nodes]);
    assert.deepEqual(columns("BGPAdvertisement"), [...pools, "Peers|string|.spec.peers|0", nodes]);
    assert.deepEqual(columns("BGPPeer", "v1beta1"), peer);
    assert.deepEqual(columns("BGPPeer", "v1beta2"), peer);
    assert.deepEqual(columns("BFDProfile"), [
      "Passive Mode|boolean|.spec.passiveMode|0",
      "Transmit Interval|integer|.spec.transmitInterval|0",
      "Receive Interval|integer|.spec.receiveInterval|0",
      "Multiplier|integer|.spec.detectMultiplier|0",
    ]);
    assert.deepEqual(columns("Community"), []);
    const allocated = "Allocated Node|string|.status.node|0";
    assert.deepEqual(columns("ServiceL2Status"), [allocated, ...service]);
    assert.deepEqual(columns("ServiceBGPStatus"), ["Node|string|.status.node|0", ...service]);
    assert.deepEqual(columns("ConfigurationState"), [
      "Result|string|.status.result|0",
      "ErrorSummary|string|.status.errorSummary|0",
      "Age|date|.metadata.creationTimestamp|0",
    ]);
  });

  it("CRD-10: IPAddressPool", () => {
    assert.deepEqual(schemaOf("IPAddressPool").required, ["spec"]);
    assert.deepEqual(spec("IPAddressPool"), [
      "addresses!: []string",
      "autoAssign: boolean = true",
      "avoidBuggyIPs: boolean = false",
      "serviceAllocation.namespaceSelectors: []selector",
      "serviceAllocation.namespaces: []string",
      "serviceAllocation.priority: integer",
      "serviceAllocation.serviceSelectors: []selector",
      "serviceAllocation: object",
    ]);
    const counts = ["assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"];
    assert.deepEqual(
      status("IPAddressPool"),
      counts.map((name) => `${name}!: int64`),
    );
  });

  it("CRD-11: L2Advertisement", () => {
    assert.deepEqual(spec("L2Advertisement"), [
      "interfaces: []string",
      "ipAddressPoolSelectors: []selector",
      "ipAddressPools: []string",
      "nodeSelectors: []selector",
      "preferredNodeSelectors.preference!: selector",
      "preferredNodeSelectors.weight!: int32 1..100",
      "preferredNodeSelectors: []object",
      "serviceSelectors: []selector",
    ]);
  });

  it("CRD-12: BGPAdvertisement", () => {
    assert.deepEqual(spec("BGPAdvertisement"), [
      "aggregationLength: int32 = 32 1..",
      "aggregationLengthV6: int32 = 128",
      "communities: []string",
      "ipAddressPoolSelectors: []selector",
      "ipAddressPools: []string",
      "localPref: int32",
      "nodeSelectors: []selector",
      "peers: []string",
      "serviceSelectors: []selector",
    ]);
    const restricted = (fields: JsonObject) =>
      faults("BGPAdvertisement", { spec: { serviceSelectors: [{}], ...fields } });
    assert.deepEqual(restricted({}), []);
    assert.deepEqual(restricted({ aggregationLength: 24 }), ["spec"]);
    assert.deepEqual(restricted({ aggregationLengthV6: 64 }), ["spec"]);
    assert.deepEqual(restricted({ aggregationLength: 24, serviceSelectors: [] }), []);
  });

  const shared = [
    "bfdProfile: string",
    "ebgpMultiHop: boolean",
    "holdTime: string",
    "keepaliveTime: string",
    `myASN!: ${AS}`,
    "password: string",
    "routerID: string",
    "sourceAddress: string",
  ];

  it("CRD-13: BGPPeer v1beta2", () => {
    const own = [
      "connectTime: string",
      "disableMP: boolean = false",
      "dualStackAddressFamily: boolean = false",
      "dynamicASN: string internal|external",
      "enableGracefulRestart: boolean",
      "interface: string",
      "localASN: int64 1..4294967295",
      "nodeSelectors: []selector",
      "passwordSecret.name: string",
      "passwordSecret.namespace: string",
      "passwordSecret: object",
      `peerASN: ${AS}`,
      "peerAddress: string",
      "peerPort: integer = 179 1..16384",
      "vrf: string",
    ];
    assert.deepEqual(spec("BGPPeer", "v1beta2"), [...shared, ...own].sort());
    const times: [Json, string[]][] = [
      ["1s", []],
      ["1m5s", []],
      ["65536s", ["spec.connectTime"]],
      ["999ms", ["spec.connectTime", "spec.connectTime"]],
      ["1.5s", ["spec.connectTime"]],
    ];
    for (const [connectTime, wrong] of times) {
      const fields = { spec: { myASN: 1, connectTime } };
      assert.deepEqual(faults("BGPPeer", fields, "v1beta2"), wrong, textOf(connectTime));
    }
    const peer = (enableGracefulRestart: boolean) => ({
      spec: { myASN: 1, enableGracefulRestart },
    });
    const [restart] = validateObject(peer(false), schemaOf("BGPPeer", "v1beta2"), "", peer(true));
    assert.equal(restart?.field, "spec.enableGracefulRestart");
    const { passwordSecret } = schemaOf("BGPPeer", "v1beta2").properties!.spec!.properties!;
    assert.equal(passwordSecret?.["x-kubernetes-map-type"], "atomic");
  });

  it("CRD-13: BGPPeer v1beta1 knows less, asks for more, and has selectors of its own", () => {
    const own = [
      "nodeSelectors: []old selector",
      `peerASN!: ${AS}`,
      "peerAddress!: string",
      "peerPort: integer 0..16384",
    ];
    assert.deepEqual(spec("BGPPeer", "v1beta1"), [...shared, ...own].sort());
    const peer = { myASN: 1, peerASN: 2, peerAddress: "192.0.2.1" };
    const selecting = (expression: JsonObject) =>
      faults("BGPPeer", { spec: { ...peer, nodeSelectors: [{ matchExpressions: [expression] }] } });
    const at = "spec.nodeSelectors[0].matchExpressions[0]";
    assert.deepEqual(selecting({ key: "rack", operator: "In", values: ["a"] }), []);
    assert.deepEqual(selecting({ key: "rack", operator: "Exists" }), [`${at}.values`]);
    assert.deepEqual(selecting({ key: "rack", operator: "Exists", values: [] }), [`${at}.values`]);
  });

  it("CRD-14: v1beta1 warns, v1beta2 is kept, a webhook converts", () => {
    const [old, kept] = definitionOf("BGPPeer").spec.versions;
    assert.deepEqual(
      [old?.deprecated, old?.deprecationWarning, kept?.deprecated],
      [true, "v1beta1 is deprecated, please use v1beta2", undefined],
    );
    assert.deepEqual(definitionOf("BGPPeer").spec.conversion, {
      strategy: "Webhook",
      webhook: {
        clientConfig: {
          service: {
            namespace: "metallb-system",
            name: "metallb-webhook-service",
            path: "/convert",
          },
        },
        conversionReviewVersions: ["v1beta1", "v1beta2"],
      },
    });
  });

  it("CRD-17: BFDProfile and Community", () => {
    assert.deepEqual(spec("BFDProfile"), [
      "detectMultiplier: int32 2..255",
      "echoInterval: int32 10..60000",
      "echoMode: boolean",
      "minimumTtl: int32 1..254",
      "passiveMode: boolean",
      "receiveInterval: int32 10..60000",
      "transmitInterval: int32 10..60000",
    ]);
    assert.deepEqual(spec("Community"), [
      "communities.name: string",
      "communities.value: string",
      "communities: []object",
    ]);
  });

  /** Of Kubernetes. */
  const conditions = [
    "conditions.lastTransitionTime!: date-time",
    "conditions.message!: string",
    "conditions.observedGeneration: int64 0..",
    "conditions.reason!: string",
    "conditions.status!: string True|False|Unknown",
    "conditions.type!: string",
    "conditions: []object",
  ];

  it("CRD-20, CRD-21: ServiceL2Status and ServiceBGPStatus, and conditions of our own that may be absent", () => {
    const service = ["node: string", "serviceName: string", "serviceNamespace: string"];
    const interfaces = ["interfaces.name: string", "interfaces: []object"];
    assert.deepEqual(status("ServiceL2Status"), [...conditions, ...interfaces, ...service]);
    assert.deepEqual(status("ServiceBGPStatus"), [...service, "peers: []string"].sort());
    for (const kind of ["ServiceL2Status", "ServiceBGPStatus"]) {
      const { spec: empty, status: told } = schemaOf(kind).properties!;
      assert.deepEqual(empty?.properties, undefined);
      for (const field of ["node", "serviceName", "serviceNamespace"]) {
        const [rule] = told!.properties![field]!["x-kubernetes-validations"]!;
        assert.equal(rule?.rule, "self == oldSelf");
      }
    }
  });

  it("CRD-22: ConfigurationState", () => {
    assert.equal(schemaOf("ConfigurationState").properties!.spec, undefined);
    assert.deepEqual(status("ConfigurationState"), [
      ...conditions,
      "errorSummary: string",
      "result: string Valid|Invalid|Unknown",
    ]);
    const list = schemaOf("ConfigurationState").properties!.status!.properties!["conditions"];
    assert.deepEqual(list?.["x-kubernetes-list-map-keys"], ["type"]);
  });
});
