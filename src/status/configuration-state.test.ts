import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Finding } from "../config/index.ts";
import type { Condition } from "../kube/index.ts";
import {
  conditionOf,
  configurationStateOf,
  fieldOwner,
  isLabelledAs,
  labelPatch,
  resultOf,
  unknownErrorCode,
} from "./configuration-state.ts";

const now = "2026-11-22T20:00:00Z";
const pod = { metadata: { name: "controller-x", namespace: "metallb-system", uid: "u1" } };
const speaker = { component: "speaker", node: "node-1" } as const;
const controller = { component: "controller" } as const;

function condition(status: Condition["status"], reason: string, message = ""): Condition {
  return { type: reason, status, reason, message, lastTransitionTime: now };
}

const finding: Finding = {
  code: "CFG-11",
  severity: "error",
  object: "IPAddressPool metallb-system/lan",
  path: "spec.addresses",
  message: "no prefixes defined",
  fix: "list at least one",
};

describe("ConfigurationState", () => {
  it("ST-10: is named and labelled after its process, and belongs to its pod", () => {
    const ours = configurationStateOf(controller, "metallb-system", pod).metadata;
    assert.equal(ours.name, "controller");
    assert.deepEqual(ours.labels, { "metallb.io/component-type": "controller" });
    const owner = { apiVersion: "v1", kind: "Pod", name: "controller-x", uid: "u1" };
    assert.deepEqual(ours.ownerReferences, [owner]);
    const theirs = configurationStateOf(speaker, "metallb-system", pod).metadata;
    assert.equal(theirs.name, "speaker-node-1");
    assert.deepEqual(theirs.labels, {
      "metallb.io/component-type": "speaker",
      "metallb.io/node-name": "node-1",
    });
  });

  it("ST-10: labels and owners of others may stand beside ours", () => {
    const wanted = configurationStateOf(controller, "metallb-system", pod);
    const { labels = {}, ownerReferences = [] } = wanted.metadata;
    const metadata = { ...wanted.metadata, labels: { ...labels, team: "net" } };
    assert.ok(isLabelledAs({ metadata }, wanted));
    assert.ok(!isLabelledAs({ metadata: { ...metadata, labels: { team: "net" } } }, wanted));
    const former = ownerReferences.map((owner) => ({ ...owner, uid: "u0" }));
    const taken = { metadata: { ...metadata, ownerReferences: former } };
    assert.ok(!isLabelledAs(taken, wanted));
    const patch = { metadata: { labels, ownerReferences: [...former, ...ownerReferences] } };
    assert.deepEqual(labelPatch(taken, wanted), patch);
    assert.deepEqual(labelPatch(wanted, wanted).metadata, { labels, ownerReferences });
  });

  it("ST-11: each program has its condition and owns its fields by its name", () => {
    assert.deepEqual([controller, speaker].map(fieldOwner), ["poolReconciler", "configReconciler"]);
    const accepted = { kind: "unchanged", warnings: [] } as const;
    const types = [controller, speaker].map((owner) => conditionOf(owner, accepted, now)?.type);
    assert.deepEqual(types, ["poolReconcilerValid", "configReconcilerValid"]);
  });

  it("ST-12: a good look is True, Reconciled, without a message, as of now", () => {
    const { type: _, ...rest } = conditionOf(controller, { kind: "unchanged", warnings: [] }, now)!;
    assert.deepEqual(rest, {
      status: "True",
      reason: "Reconciled",
      message: "",
      lastTransitionTime: now,
    });
    assert.equal(conditionOf(controller, { kind: "missing" }, now), undefined);
  });

  it("ST-13: a refused configuration is False with the first finding as its cause", () => {
    const refused = { kind: "refused", findings: [finding, finding] } as const;
    const { status, reason, message } = conditionOf(speaker, refused, now)!;
    assert.deepEqual([status, reason], ["False", "ConfigurationError"]);
    assert.match(
      message,
      /^configuration error: IPAddressPool metallb-system\/lan, spec\.addresses/,
    );
    assert.equal(message.match(/no prefixes defined/g)?.length, 1);
    const endless = { ...finding, message: "x".repeat(100_000) };
    const long = conditionOf(speaker, { kind: "refused", findings: [endless] }, now);
    assert.ok((long?.message.length ?? 0) < 32_768, "CRD-22: the server takes no more");
  });

  it("ST-13: what says nothing about the configuration is an UnknownError", () => {
    const fault = { ...finding, code: unknownErrorCode, message: "out of luck" };
    const { reason, message } = conditionOf(speaker, { kind: "refused", findings: [fault] }, now)!;
    assert.equal(reason, "UnknownError");
    assert.match(message, /out of luck/);
    assert.doesNotMatch(message, /configuration error/);
  });

  it("ST-14, TV-76: one configuration error makes it Invalid, and the summary tells it", () => {
    const conditions = [condition("False", "ConfigurationError", "m1"), condition("True", "Good")];
    assert.deepEqual(resultOf(conditions), { result: "Invalid", errorSummary: "m1" });
    const two = [...conditions, condition("False", "ConfigurationError", "m2")];
    assert.deepEqual(resultOf(two), { result: "Invalid", errorSummary: "m1\nm2" });
    const other = [condition("False", "UnknownError", "m3")];
    assert.deepEqual(resultOf(other), { result: "Valid", errorSummary: "" });
  });

  it("ST-14, TV-77: without conditions the result is Unknown", () => {
    assert.deepEqual(resultOf([]), { result: "Unknown", errorSummary: "" });
  });
});
