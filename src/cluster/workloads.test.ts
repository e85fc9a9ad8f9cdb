import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node } from "../kube/index.ts";
import type { Action } from "./actions.ts";
import { chooseNode, mayRunOn } from "./placement.ts";
import type { Pod, PodSpec, Workload } from "./objects.ts";
import { planWorkloads, type WorkloadView } from "./workloads.ts";

const master = { key: "node-role.kubernetes.io/master", effect: "NoSchedule" };
const linux = { "kubernetes.io/os": "linux" };

function node(name: string, options: { ready?: boolean; tainted?: boolean } = {}): Node {
  const status = options.ready === false ? "Unknown" : "True";
  return {
    metadata: { name, labels: linux },
    spec: options.tainted ? { taints: [master] } : {},
    status: { conditions: [{ type: "Ready", status }] },
  };
}

const nodes = [node("kmaster", { tainted: true }), node("knode1"), node("knode2")];

function workload(kind: string, spec: Partial<PodSpec> = {}, replicas?: number): Workload {
  return {
    apiVersion: "apps/v1",
    kind,
    metadata: { name: "app", namespace: "default", uid: `${kind}-uid`, generation: 1 },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      selector: { matchLabels: { app: "app" } },
      template: {
        metadata: { labels: { app: "app" } },
        spec: { containers: [{ name: "c", image: "i" }], ...spec },
      },
    },
  };
}

/** Plays the API server: keeps objects, applies actions until nothing more is asked for. */
class World {
  view: WorkloadView & { pods: Pod[] };
  #count = 0;

  constructor(parts: Partial<WorkloadView>) {
    const nameSuffix = () => `p${++this.#count}`;
    this.view = {
      deployments: [],
      daemonSets: [],
      nodes,
      nameSuffix,
      ...parts,
      pods: [],
    };
  }

  settle(): void {
    for (let round = 0; round < 20; round++) {
      const actions = planWorkloads(this.view).filter(({ subresource }) => !subresource);
      if (actions.length === 0) return;
      for (const action of actions) this.#apply(action);
      this.ready();
    }
    assert.fail("the controllers do not come to rest");
  }

  ready(): void {
    for (const pod of this.view.pods) {
      pod.status = { conditions: [{ type: "Ready", status: "True" }] };
    }
  }

  status(plural: string): Record<string, unknown> {
    const action = planWorkloads(this.view).find(
      ({ subresource, ref }) => subresource === "status" && ref.plural === plural,
    );
    assert.ok(action);
    return (action.body as { status: Record<string, unknown> }).status;
  }

  #apply({ verb, name, body }: Action): void {
    const { pods } = this.view;
    if (verb === "create") pods.push(structuredClone(body) as Pod);
    else
      pods.splice(
        pods.findIndex(({ metadata }) => metadata.name === name),
        1,
      );
  }
}

describe("DaemonSets", () => {
  it("run one pod on every node that selector and taints allow (INS-1: the speaker tolerates master)", () => {
    const tolerant = { nodeSelector: linux, tolerations: [master] };
    const world = new World({ daemonSets: [workload("DaemonSet", tolerant)] });
    world.settle();
    assert.deepEqual(world.view.pods.map((pod) => pod.spec.nodeName).sort(), [
      "kmaster",
      "knode1",
      "knode2",
    ]);
    const { desiredNumberScheduled, numberReady } = world.status("daemonsets");
    assert.deepEqual([desiredNumberScheduled, numberReady], [3, 3]);
  });

  it("replace a deleted pod on its node", () => {
    const world = new World({ daemonSets: [workload("DaemonSet")] });
    world.settle();
    const [gone] = world.view.pods.splice(0, 1);
    world.settle();
    const names = world.view.pods.map((pod) => pod.metadata.name);
    assert.equal(world.view.pods.length, 2);
    assert.ok(!names.includes(gone!.metadata.name));
  });

  it("wait with a new pod until the old one has ended", () => {
    const world = new World({ daemonSets: [workload("DaemonSet")] });
    world.settle();
    world.view.pods[0]!.metadata.deletionTimestamp = "2026-11-22T00:00:00Z";
    assert.deepEqual(
      planWorkloads(world.view).filter(({ verb }) => verb === "create"),
      [],
    );
  });

  it("renew their pods one at a time when the template changes", () => {
    const set = workload("DaemonSet");
    const world = new World({ daemonSets: [set] });
    world.settle();
    set.spec.template.spec.containers[0]!.image = "new";
    const removals = planWorkloads(world.view).filter(({ verb }) => verb === "delete");
    assert.equal(removals.length, 1);
    world.view.pods.splice(0, 1);
    for (const { body } of planWorkloads(world.view).filter(({ verb }) => verb === "create")) {
      world.view.pods.push(body as Pod); // new, and not ready yet
    }
    const later = planWorkloads(world.view).filter(({ verb }) => verb === "delete");
    assert.deepEqual(later, [], "the next pod goes only when the new one is ready");
    world.ready();
    world.settle();
    assert.ok(world.view.pods.every((pod) => pod.spec.containers[0]?.image === "new"));
  });
});

describe("Deployments", () => {
  it("spread their pods over ready nodes without taints", () => {
    const world = new World({ deployments: [workload("Deployment", {}, 2)] });
    world.settle();
    assert.deepEqual(world.view.pods.map((pod) => pod.spec.nodeName).sort(), ["knode1", "knode2"]);
    const { replicas, readyReplicas, unavailableReplicas } = world.status("deployments");
    assert.deepEqual([replicas, readyReplicas, unavailableReplicas], [2, 2, 0]);
  });

  it("bring up all new pods before they end the old ones when the template changes", () => {
    const deployment = workload("Deployment", {}, 1);
    const world = new World({ deployments: [deployment] });
    world.settle();
    deployment.spec.template.spec.containers[0]!.image = "new";
    const first = planWorkloads(world.view).filter(({ ref }) => ref.plural === "pods");
    assert.deepEqual(
      first.map(({ verb }) => verb),
      ["create"],
    );
    world.settle();
    assert.deepEqual(
      world.view.pods.map((pod) => pod.spec.containers[0]?.image),
      ["new"],
    );
  });
});

describe("the choice of a node", () => {
  const spec: PodSpec = { containers: [] };

  it("leaves out nodes that are cordoned or not ready", () => {
    const cordoned = { ...node("a"), spec: { unschedulable: true } };
    assert.equal(chooseNode(spec, [cordoned, node("b", { ready: false }), node("c")], []), "c");
    assert.equal(chooseNode(spec, [cordoned], []), undefined);
  });

  it("takes a toleration without effect for every effect, and one without key for every taint", () => {
    const tainted = node("a", { tainted: true });
    assert.equal(mayRunOn(spec, tainted), false);
    assert.equal(mayRunOn({ ...spec, tolerations: [{ key: master.key }] }, tainted), true);
    assert.equal(mayRunOn({ ...spec, tolerations: [{ operator: "Exists" }] }, tainted), true);
    assert.equal(
      mayRunOn({ ...spec, tolerations: [{ key: "other", operator: "Exists" }] }, tainted),
      false,
    );
  });
});
