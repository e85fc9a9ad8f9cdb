/** The manifests of the v0.9.5 tutorial, compared with the tables of install.md section 2. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseAllDocuments } from "yaml";

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string> };
  rules?: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  subjects?: { kind: string; name: string; namespace?: string }[];
  // oxlint-disable-next-line typescript/no-explicit-any -- a YAML document of any shape
  spec?: any;
}

function load(name: string): Manifest[] {
  const text = readFileSync(join(import.meta.dirname, "../manifests", name), "utf8");
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

const namespace = load("namespace.yaml");
const objects = load("metallb.yaml");
const find = (kind: string, name: string): Manifest => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  assert.ok(found, `${kind} ${name} is missing`);
  return found;
};

describe("manifests of the tutorial", () => {
  it("INS-1: keep the namespace and its label", () => {
    assert.deepEqual(namespace, [
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name: "metallb-system", labels: { app: "metallb" } },
      },
    ]);
  });

  it("INS-1, INS-13: hold exactly the objects of v0.9.5, each labelled app: metallb", () => {
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.deepEqual(names.sort(), [
      "ClusterRole metallb-system:controller",
      "ClusterRole metallb-system:speaker",
      "ClusterRoleBinding metallb-system:controller",
      "ClusterRoleBinding metallb-system:speaker",
      "DaemonSet speaker",
      "Deployment controller",
      "PodSecurityPolicy controller",
      "PodSecurityPolicy speaker",
      "Role config-watcher",
      "Role pod-lister",
      "RoleBinding config-watcher",
      "RoleBinding pod-lister",
      "ServiceAccount controller",
      "ServiceAccount speaker",
    ]);
    for (const object of objects) assert.equal(object.metadata.labels["app"], "metallb");
  });

  it("INS-14: ask for the old rights and no more", () => {
    const rights = (name: string): string[] =>
      (find("ClusterRole", name).rules ?? []).map(
        (rule) => `${rule.resources.join(",")}: ${rule.verbs.join(" ")}`,
      );
    assert.deepEqual(rights("metallb-system:controller"), [
      "services: get list watch update",
      "services/status: update",
      "events: create patch",
      "podsecuritypolicies: use",
    ]);
    assert.deepEqual(rights("metallb-system:speaker"), [
      "services,endpoints,nodes: get list watch",
      "events: create patch",
      "podsecuritypolicies: use",
    ]);
    assert.deepEqual(find("Role", "pod-lister").rules?.[0]?.verbs, ["list"]);
    assert.deepEqual(find("Role", "config-watcher").rules?.[0]?.resources, ["configmaps"]);
    const watchers = find("RoleBinding", "config-watcher").subjects?.map((one) => one.name);
    assert.deepEqual(watchers, ["controller", "speaker"]);
  });

  it("INS-1, INS-2, INS-3: select, name and start the speaker as v0.9.5 does", () => {
    const { spec } = find("DaemonSet", "speaker");
    const [container] = spec.template.spec.containers;
    assert.deepEqual(spec.selector.matchLabels, { app: "metallb", component: "speaker" });
    assert.deepEqual(spec.template.metadata.labels, { app: "metallb", component: "speaker" });
    assert.equal(container.name, "speaker");
    assert.deepEqual(container.args, ["--port=7472", "--config=config"]);
    assert.deepEqual(
      container.env.map((variable: { name: string }) => variable.name),
      [
        "METALLB_NODE_NAME",
        "METALLB_HOST",
        "METALLB_ML_BIND_ADDR",
        "METALLB_ML_LABELS",
        "METALLB_ML_NAMESPACE",
        "METALLB_ML_SECRET_KEY",
      ],
    );
    const secret = container.env[5].valueFrom.secretKeyRef;
    assert.deepEqual(secret, { name: "memberlist", key: "secretkey" });
    assert.deepEqual(container.ports, [{ name: "monitoring", containerPort: 7472 }]);
    assert.equal(spec.template.spec.hostNetwork, true);
    assert.deepEqual(spec.template.spec.tolerations, [
      { key: "node-role.kubernetes.io/master", effect: "NoSchedule" },
    ]);
  });

  it("INS-5, INS-6, INS-7, INS-11: keep limits, rights, grace periods and no probes", () => {
    const speaker = find("DaemonSet", "speaker").spec.template.spec;
    const controller = find("Deployment", "controller").spec.template.spec;
    assert.equal(speaker.terminationGracePeriodSeconds, 2);
    assert.equal(controller.terminationGracePeriodSeconds, 0);
    assert.deepEqual(speaker.containers[0].securityContext.capabilities, {
      drop: ["ALL"],
      add: ["NET_ADMIN", "NET_RAW", "SYS_ADMIN"],
    });
    assert.deepEqual(controller.containers[0].securityContext.capabilities, { drop: ["all"] });
    assert.deepEqual(controller.securityContext, { runAsNonRoot: true, runAsUser: 65534 });
    for (const { containers } of [speaker, controller]) {
      assert.deepEqual(containers[0].resources, { limits: { cpu: "100m", memory: "100Mi" } });
      assert.equal(containers[0].securityContext.readOnlyRootFilesystem, true);
      assert.equal("livenessProbe" in containers[0] || "readinessProbe" in containers[0], false);
    }
  });
});
