/** manifests/metallb-native.yaml and manifests/crds, compared with the tables of install.md section 3. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";
import { manifestFiles } from "../tools/manifests.ts";

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  rules?: Rule[];
  subjects?: { kind: string; name: string; namespace: string }[];
  // oxlint-disable-next-line typescript/no-explicit-any -- a YAML document of any shape
  [field: string]: any;
}

const folder = join(import.meta.dirname, "../manifests");
const objects = parseAllDocuments(readFileSync(join(folder, "metallb-native.yaml"), "utf8")).map(
  (document) => document.toJS() as Manifest,
);

const find = (kind: string, name: string): Manifest => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found, `${kind} ${name} is missing`);
  return found;
};

/** What the rules of a role give, as `group/resource[name]: verbs`, one for each resource. */
function rights(kind: "Role" | "ClusterRole", name: string): string[] {
  const all = (find(kind, name).rules ?? []).flatMap(({ apiGroups, resources, ...rule }) =>
    resources.map((resource) => {
      const only = rule.resourceNames ? `[${rule.resourceNames.join(" ")}]` : "";
      return `${apiGroups.join()}/${resource}${only}: ${rule.verbs.join(" ")}`;
    }),
  );
  return all.sort();
}

const full = "create delete get list patch update watch";
const seen = "get list watch";
const reviews = [
  "authentication.k8s.io/tokenreviews: create",
  "authorization.k8s.io/subjectaccessreviews: create",
];

describe("the manifest of today's MetalLB", () => {
  it("CRD-1, INS-20: is what src/crds and manifests/native say: node tools/manifests.ts writes it", () => {
    const files = manifestFiles();
    for (const [name, text] of files) {
      assert.ok(readFileSync(join(folder, name), "utf8") === text, `${name} is out of date`);
    }
    const written = readdirSync(join(folder, "crds")).map((name) => `crds/${name}`);
    assert.deepEqual(
      written.filter((name) => !files.has(name)),
      [],
    );
  });

  it("INS-19, INS-20: holds exactly the objects of v0.16", () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const crds = names.filter((name) => name.startsWith("CustomResourceDefinition"));
    assert.equal(crds.length, 9);
    assert.deepEqual(names.filter((name) => !crds.includes(name)).sort(), [
      "ClusterRole metallb-system:controller",
      "ClusterRole metallb-system:speaker",
      "ClusterRoleBinding metallb-system:controller",
      "ClusterRoleBinding metallb-system:speaker",
      "ConfigMap metallb-excludel2",
      "DaemonSet speaker",
      "Deployment controller",
      "Namespace metallb-system",
      "Role controller",
      "Role pod-lister",
      "RoleBinding controller",
      "RoleBinding pod-lister",
      "Secret metallb-webhook-cert",
      "Service metallb-webhook-service",
      "ServiceAccount controller",
      "ServiceAccount speaker",
      "ValidatingWebhookConfiguration metallb-webhook-configuration",
    ]);
    assert.deepEqual(find("Namespace", "metallb-system").metadata.labels, {
      "pod-security.kubernetes.io/audit": "privileged",
      "pod-security.kubernetes.io/enforce": "privileged",
      "pod-security.kubernetes.io/warn": "privileged",
    });
  });

  it("INS-21: gives the controller its rights in the namespace", () => {
    assert.deepEqual(
      rights("Role", "controller"),
      [
        `/secrets: ${full}`,
        "/secrets[memberlist]: list",
        "apps/deployments[controller]: get",
        `metallb.io/bfdprofiles: ${seen}`,
        `metallb.io/bgpadvertisements: ${seen}`,
        "metallb.io/bgppeers: get list",
        `metallb.io/communities: ${seen}`,
        `metallb.io/ipaddresspools: ${seen}`,
        "metallb.io/ipaddresspools/status: update",
        `metallb.io/l2advertisements: ${seen}`,
      ].sort(),
    );
  });

  it("INS-22: gives both programs what both need in the namespace", () => {
    const kinds = "bfdprofiles bgpadvertisements bgppeers communities ipaddresspools".split(" ");
    assert.deepEqual(
      rights("Role", "pod-lister"),
      [
        "/pods: list get",
        `/secrets: ${seen}`,
        `/configmaps: ${seen}`,
        ...[...kinds, "l2advertisements"].map((kind) => `metallb.io/${kind}: ${seen}`),
        "metallb.io/servicebgpstatuses: *",
        "metallb.io/servicebgpstatuses/status: *",
      ].sort(),
    );
  });

  it("INS-23, INS-25: gives the controller its rights in the cluster, reviews included", () => {
    const named =
      "bfdprofiles bgpadvertisements bgppeers ipaddresspools l2advertisements communities configurationstates"
        .split(" ")
        .map((plural) => `${plural}.metallb.io`)
        .join(" ");
    const hooks = "admissionregistration.k8s.io/validatingwebhookconfigurations";
    const crds = "apiextensions.k8s.io/customresourcedefinitions";
    assert.deepEqual(
      rights("ClusterRole", "metallb-system:controller"),
      [
        ...reviews,
        `/services: ${seen}`,
        `/namespaces: ${seen}`,
        "/nodes: list",
        "/services/status: update",
        "/events: create patch",
        "policy/podsecuritypolicies[controller]: use",
        `${hooks}[metallb-webhook-configuration]: ${full}`,
        `${hooks}: list watch`,
        `${crds}[${named}]: ${full}`,
        `${crds}: list watch`,
        `metallb.io/configurationstates: ${full}`,
        "metallb.io/configurationstates/status: get patch update",
      ].sort(),
    );
  });

  it("INS-24, INS-25: gives the speaker its rights in the cluster, reviews included", () => {
    assert.deepEqual(
      rights("ClusterRole", "metallb-system:speaker"),
      [
        ...reviews,
        "metallb.io/servicel2statuses: *",
        "metallb.io/servicel2statuses/status: *",
        "metallb.io/configurationstates: *",
        "metallb.io/configurationstates/status: *",
        ...["services", "endpoints", "nodes", "namespaces"].map((kind) => `/${kind}: ${seen}`),
        `discovery.k8s.io/endpointslices: ${seen}`,
        "/events: create patch",
        "policy/podsecuritypolicies[speaker]: use",
      ].sort(),
    );
  });

  it("INS-21, INS-22, INS-23, INS-24: binds each role to whom it is for", () => {
    const bound = objects.flatMap(({ kind, roleRef, subjects = [] }) =>
      subjects.map((one) => `${kind} ${roleRef.kind} ${roleRef.name} -> ${one.name}`),
    );
    assert.deepEqual(bound, [
      "RoleBinding Role controller -> controller",
      "RoleBinding Role pod-lister -> controller",
      "RoleBinding Role pod-lister -> speaker",
      "ClusterRoleBinding ClusterRole metallb-system:controller -> controller",
      "ClusterRoleBinding ClusterRole metallb-system:speaker -> speaker",
    ]);
  });

  it("INS-26: leaves out the interfaces that v0.16 leaves out", () => {
    const text = find("ConfigMap", "metallb-excludel2").data["excludel2.yaml"];
    const words =
      "docker cbr dummy virbr lxcbr veth lo cali tunl flannel kube-ipvs cni nodelocaldns lxc";
    const expected = words.split(" ").map((word) => (word === "lo" ? "^lo$" : `^${word}.*`));
    const [document] = parseAllDocuments(text);
    assert.deepEqual(document?.toJS(), { announcedInterfacesToExclude: expected });
  });

  it("INS-27, INS-28, WH-1, WH-2: registers the six webhooks behind their service", () => {
    assert.equal(find("Secret", "metallb-webhook-cert").data, undefined);
    assert.deepEqual(find("Service", "metallb-webhook-service").spec, {
      ports: [{ port: 443, targetPort: 9443 }],
      selector: { component: "controller" },
    });
    const { webhooks } = find("ValidatingWebhookConfiguration", "metallb-webhook-configuration");
    const shown = webhooks.map((webhook: Manifest) => {
      const { name, clientConfig, rules, ...how } = webhook;
      assert.deepEqual(how, {
        failurePolicy: "Fail",
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
      });
      const { path, ...service } = clientConfig.service;
      assert.deepEqual(service, { name: "metallb-webhook-service", namespace: "metallb-system" });
      const [{ apiGroups, apiVersions, operations, resources }] = rules as never as [Manifest];
      return `${name} ${path} ${apiGroups}/${apiVersions} ${resources} ${operations}`;
    });
    const line = (name: string, kind: string, plural: string, operations = "CREATE,UPDATE") => {
      const version = kind === "bgppeer" ? "v1beta2" : "v1beta1";
      const path = `/validate-metallb-io-${version}-${kind}`;
      return `${name}validationwebhook.metallb.io ${path} metallb.io/${version} ${plural} ${operations}`;
    };
    assert.deepEqual(shown.sort(), [
      line("bfdprofile", "bfdprofile", "bfdprofiles", "CREATE,DELETE"),
      line("bgpadvertisement", "bgpadvertisement", "bgpadvertisements"),
      line("bgppeers", "bgppeer", "bgppeers"),
      line("community", "community", "communities"),
      line("ipaddresspool", "ipaddresspool", "ipaddresspools"),
      line("l2advertisement", "l2advertisement", "l2advertisements"),
    ]);
  });

  it("INS-32: starts both programs with the arguments, ports, probes, rights and volumes of v0.16", () => {
    const pods = { Deployment: "controller", DaemonSet: "speaker" };
    for (const [kind, name] of Object.entries(pods)) {
      const { spec } = find(kind, name);
      const labels = { app: "metallb", component: name };
      assert.deepEqual(spec.selector.matchLabels, labels);
      assert.deepEqual(spec.template.metadata, {
        labels,
        annotations: { "prometheus.io/port": "9120", "prometheus.io/scrape": "true" },
      });
      const [container] = spec.template.spec.containers;
      assert.deepEqual(container.args, ["--port=9120", "--log-level=info"]);
      const host = name === "speaker" ? { host: "127.0.0.1" } : {};
      for (const [probe, path] of Object.entries({ liveness: "/healthz", readiness: "/readyz" })) {
        assert.deepEqual(container[`${probe}Probe`], {
          httpGet: { path, port: 17472, ...host },
          initialDelaySeconds: 10,
          periodSeconds: 10,
          successThreshold: 1,
          timeoutSeconds: 1,
          failureThreshold: 3,
        });
      }
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    }
    const controller = find("Deployment", "controller").spec.template.spec;
    const speaker = find("DaemonSet", "speaker").spec.template.spec;
    const environment = ({ containers: [{ env }] }: Manifest) =>
      env.map(
        (one: Manifest) => `${one["name"]}=${one["value"] ?? one["valueFrom"].fieldRef.fieldPath}`,
      );
    assert.deepEqual(environment(controller), [
      "METALLB_POD_NAME=metadata.name",
      "METALLB_ML_SECRET_NAME=memberlist",
      "METALLB_DEPLOYMENT=controller",
    ]);
    assert.deepEqual(environment(speaker), [
      "METALLB_NODE_NAME=spec.nodeName",
      "METALLB_POD_NAME=metadata.name",
      "METALLB_HOST=status.hostIP",
      "METALLB_ML_BIND_ADDR=status.podIP",
      "METALLB_ML_LABELS=app=metallb,component=speaker",
      "METALLB_ML_SECRET_KEY_PATH=/etc/ml_secret_key",
    ]);
    assert.deepEqual(controller.securityContext, {
      fsGroup: 65534,
      runAsNonRoot: true,
      runAsUser: 65534,
    });
    const { capabilities } = speaker.containers[0].securityContext;
    assert.deepEqual(capabilities, { drop: ["ALL"], add: ["NET_RAW"] });
    assert.deepEqual([speaker.hostNetwork, speaker.terminationGracePeriodSeconds], [true, 2]);
    assert.deepEqual(controller.containers[0].volumeMounts, [
      { name: "cert", mountPath: "/tmp/k8s-webhook-server/serving-certs", readOnly: true },
    ]);
    assert.deepEqual(speaker.volumes, [
      { name: "memberlist", secret: { secretName: "memberlist", defaultMode: 420 } },
      { name: "metallb-excludel2", configMap: { name: "metallb-excludel2", defaultMode: 256 } },
      {
        name: "memberlist-config",
        configMap: { name: "metallb-memberlist-config", optional: true },
      },
    ]);
  });
});
