import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import {
  nextStatusAction,
  serviceBgpStatuses,
  serviceL2Statuses,
  serviceOfStatus,
  type ServiceAnnouncement,
  type ServiceStatus,
  type ServiceStatusKind,
  statusesOfNode,
  statusesOfOthers,
} from "./service-status.ts";

const pod = { metadata: { name: "speaker-x", namespace: "metallb-system", uid: "pod-1" } };
const writer = { node: "n1", namespace: "metallb-system", pod };
const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: "speaker-x", uid: "pod-1" }];
const labels = {
  "metallb.io/node": "n1",
  "metallb.io/service-name": "web",
  "metallb.io/service-namespace": "shop",
};
const about = { node: "n1", serviceName: "web", serviceNamespace: "shop" };

function object(name: string, status?: ServiceStatus["status"], owners = ownerReferences) {
  const metadata = { name, namespace: "metallb-system", labels, ownerReferences: owners };
  return { metadata, ...(status !== undefined && { status }) } as ServiceStatus;
}

function next(
  wanted: ServiceAnnouncement | undefined,
  existing: ServiceStatus[],
  kind: ServiceStatusKind = serviceL2Statuses,
) {
  return nextStatusAction({ kind, writer, service: "shop/web", wanted, existing });
}

const all: ServiceAnnouncement = { interfaces: undefined };

describe("status of a service", () => {
  it("ST-20 L2-152 L2-154: who announces creates an object with labels and owner, and the status is a second write", () => {
    const action = next(all, []);
    assert.deepEqual(action, {
      kind: "create",
      object: {
        apiVersion: "metallb.io/v1beta1",
        kind: "ServiceL2Status",
        metadata: { generateName: "l2-", namespace: "metallb-system", labels, ownerReferences },
      },
    });
    assert.deepEqual(next(all, [object("l2-a")]), {
      kind: "writeStatus",
      name: "l2-a",
      patch: { status: about },
    });
  });

  it("conditions, which others write, are no reason to write anything", () => {
    const told = {
      lastTransitionTime: "2026-11-27T00:00:00Z",
      message: "",
      reason: "OwnerAnswers",
    };
    const conditions = [{ ...told, type: "Seen", status: "True" as const }];
    assert.equal(next(all, [object("l2-a", { ...about, conditions })]), undefined);
  });

  it("ST-20: what can be said at once comes with the first status, and no later one touches it", () => {
    const at = { lastTransitionTime: "2026-11-27T00:00:00Z", message: "", reason: "Announcing" };
    const conditions = [{ ...at, type: "Announced", status: "True" as const }];
    const view = {
      kind: serviceL2Statuses,
      writer,
      service: "shop/web",
      wanted: all,
      firstConditions: () => conditions,
    };
    assert.deepEqual(nextStatusAction({ ...view, existing: [object("l2-a")] }), {
      kind: "writeStatus",
      name: "l2-a",
      patch: { status: { ...about, conditions } },
    });
    const wanted = { interfaces: ["eth0"] };
    assert.deepEqual(nextStatusAction({ ...view, wanted, existing: [object("l2-a", about)] }), {
      kind: "writeStatus",
      name: "l2-a",
      patch: { status: { ...about, interfaces: [{ name: "eth0" }] } },
    });
    const nothing = { ...view, firstConditions: () => [], existing: [object("l2-a")] };
    assert.deepEqual(nextStatusAction(nothing), {
      kind: "writeStatus",
      name: "l2-a",
      patch: { status: about },
    });
  });

  it("ST-20: an object that is right is left alone", () => {
    const { serviceNamespace, ...rest } = about;
    assert.equal(next(all, [object("l2-a", { serviceNamespace, ...rest })]), undefined);
  });

  it("ST-20 L2-153: interfaces are sorted, and absent where all are announced on", () => {
    const some = { interfaces: new Set(["eth1", "eth0"]) };
    const interfaces = [{ name: "eth0" }, { name: "eth1" }];
    const action = next(some, [object("l2-a", about)]);
    assert.deepEqual(action, {
      kind: "writeStatus",
      name: "l2-a",
      patch: { status: { ...about, interfaces } },
    });
    assert.equal(next(some, [object("l2-a", { ...about, interfaces })]), undefined);
    assert.deepEqual(next(all, [object("l2-a", { ...about, interfaces })]), {
      kind: "writeStatus",
      name: "l2-a",
      patch: { status: { ...about, interfaces: null } },
    });
  });

  it("ST-20: extras of the own node are deleted one by one, the first by name stays", () => {
    const three = ["l2-c", "l2-a", "l2-b"].map((name) => object(name, about));
    assert.deepEqual(next(all, three), { kind: "delete", name: "l2-b" });
    assert.deepEqual(next(all, three.slice(0, 2)), { kind: "delete", name: "l2-c" });
  });

  it("ST-20 ST-21: who does not announce deletes its own objects and creates none", () => {
    assert.deepEqual(next(undefined, [object("l2-a", about)]), { kind: "delete", name: "l2-a" });
    assert.equal(next(undefined, []), undefined);
  });

  it("ST-20: an object of an earlier pod of this node becomes ours", () => {
    const old = [{ apiVersion: "v1", kind: "Pod", name: "speaker-old", uid: "pod-0" }];
    assert.deepEqual(next(all, [object("l2-a", about, old)]), {
      kind: "adopt",
      name: "l2-a",
      patch: { metadata: { ownerReferences } },
    });
  });

  it("CRD-20 ST-20: an object that says for good that it is about another service is deleted", () => {
    const wrong = object("l2-a", { ...about, serviceName: "other" });
    assert.deepEqual(next(all, [wrong]), { kind: "delete", name: "l2-a" });
  });

  it("ST-21: peers are sorted; the objects begin with bgp-", () => {
    const peers = { peers: ["b", "a"] };
    const created = next(peers, [], serviceBgpStatuses);
    assert.ok(created?.kind === "create");
    assert.equal(created.object.metadata.generateName, "bgp-");
    assert.equal(created.object.kind, "ServiceBGPStatus");
    assert.deepEqual(next(peers, [object("bgp-a")], serviceBgpStatuses), {
      kind: "writeStatus",
      name: "bgp-a",
      patch: { status: { ...about, peers: ["a", "b"] } },
    });
  });

  it("ST-20: an object without all labels is nobody's", () => {
    assert.equal(serviceOfStatus(object("l2-a")), "shop/web");
    for (const missing of Object.keys(labels)) {
      const rest = Object.fromEntries(Object.entries(labels).filter(([key]) => key !== missing));
      assert.equal(serviceOfStatus({ metadata: { name: "l2-a", labels: rest } }), undefined);
    }
  });

  it("ST-20: own objects, and those of others about certain services, are found by labels", () => {
    assert.equal(statusesOfNode("n1"), "metallb.io/node=n1");
    const others = "metallb.io/node,metallb.io/node!=n1";
    assert.equal(statusesOfOthers("n1", []), others);
    assert.equal(
      statusesOfOthers("n1", ["web", "api", "web"]),
      `${others},metallb.io/service-name in (api,web)`,
    );
  });

  it("ST-20 ST-21: from any state, a few writes lead to one right object or none, and then nothing is written", () => {
    const anyStatus = fc.option(
      fc.record(
        { node: fc.constantFrom("n1", "n2"), serviceName: fc.constantFrom("web", "x") },
        { requiredKeys: [] },
      ),
      { nil: undefined },
    );
    const anyWanted = fc.constantFrom<ServiceAnnouncement | undefined>(
      undefined,
      all,
      { interfaces: ["eth0"] },
      { peers: ["a"] },
    );
    const anyObjects = fc.array(fc.tuple(anyStatus, fc.boolean()), { maxLength: 4 });
    fc.assert(
      fc.property(anyObjects, anyWanted, (found, wanted) => {
        const objects = new Map(
          found.map(([status, isOurs], index) => {
            const name = `l2-${index}`;
            return [name, object(name, status, isOurs ? ownerReferences : [])];
          }),
        );
        let left = 12;
        for (;;) {
          const action = next(wanted, [...objects.values()]);
          if (action === undefined) break;
          assert.ok(left-- > 0, "it never comes to rest");
          if (action.kind === "create") objects.set("l2-new", object("l2-new"));
          else if (action.kind === "delete") objects.delete(action.name);
          else if (action.kind === "adopt") {
            objects.set(action.name, object(action.name, objects.get(action.name)?.status));
          } else {
            const { status } = action.patch as { status: ServiceStatus["status"] };
            objects.set(action.name, object(action.name, status));
          }
        }
        assert.equal(objects.size, wanted === undefined ? 0 : 1);
      }),
    );
  });
});
