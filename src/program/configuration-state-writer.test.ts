import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import type { ConfigOutcome } from "../config/index.ts";
import type { ConfigurationState, KubeObject } from "../kube/index.ts";
import { Informer, KubeClient, silentLogger } from "../platform/index.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import { ConfigurationStateWriter } from "./configuration-state-writer.ts";
import { readOwnPod } from "./own-pod.ts";

const namespace = "metallb-system";
const ref = { group: "metallb.io", version: "v1beta1", plural: "configurationstates", namespace };
const path = `/apis/metallb.io/v1beta1/namespaces/${namespace}/configurationstates`;
const accepted: ConfigOutcome = { kind: "unchanged", warnings: [] };
const finding = {
  code: "CFG-11",
  severity: "error",
  object: "IPAddressPool a/b",
  path: "",
} as const;
const refused: ConfigOutcome = {
  kind: "refused",
  findings: [{ ...finding, message: "no prefixes defined", fix: "list one" }],
};

describe("ConfigurationStateWriter", () => {
  let cluster: MetallbCluster;
  let client: KubeClient;
  let pod: KubeObject;
  let writer: ConfigurationStateWriter;
  let informer: Informer<ConfigurationState>;
  let states: (ConfigurationState | undefined)[];
  let wake: () => void;

  before(async () => {
    cluster = await startMetallbCluster();
    const token = () => cluster.tokens.controller;
    client = new KubeClient({ server: cluster.url, origin: "the test", token });
    const spec = { containers: [{ name: "c", image: "i" }] };
    const own = { apiVersion: "v1", kind: "Pod", metadata: { name: "controller-x" }, spec };
    await cluster.request("POST", `/api/v1/namespaces/${namespace}/pods`, own);
    pod = await readOwnPod(client, namespace, "controller-x");
  });
  after(async () => {
    await client.close();
    await cluster.close();
  });

  beforeEach(async () => {
    states = [];
    wake = () => undefined;
    await cluster.request("DELETE", `${path}/controller`);
    informer = new Informer(client, ref, {
      onChange: (_key, object) => {
        states.push(object);
        wake();
      },
    });
    informer.start();
    const owner = { component: "controller" } as const;
    writer = new ConfigurationStateWriter({ client, logger: silentLogger, namespace, owner, pod });
  });
  afterEach(() => {
    writer.stop();
    informer.stop();
  });

  /** The first state from now on, or the newest already, for which this holds. */
  async function until(isSo: (state: ConfigurationState) => boolean): Promise<ConfigurationState> {
    for (;;) {
      const state = states.at(-1);
      if (state !== undefined && isSo(state)) return state;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const hasResult = (result: string) => (state: ConfigurationState) =>
    state.status?.result === result;

  it("ST-10, TV-77: is there from the start, labelled, owned by our pod, and Unknown", async () => {
    writer.start();
    const { metadata, status } = await until(hasResult("Unknown"));
    assert.equal(metadata.name, "controller");
    assert.deepEqual(metadata.labels, { "metallb.io/component-type": "controller" });
    const [owner] = metadata.ownerReferences ?? [];
    assert.equal(owner?.uid, pod.metadata.uid);
    assert.equal(owner?.controller, undefined);
    assert.equal(status?.errorSummary, "");
    assert.equal(status?.conditions, undefined);
  });

  it("ST-11, ST-12, ST-13, ST-14: each report is applied by its owner, one write a report", async (context) => {
    const patched = context.mock.method(client, "patch");
    writer.report(accepted);
    writer.start();
    const valid = await until(hasResult("Valid"));
    const [condition] = valid.status?.conditions ?? [];
    assert.deepEqual([condition?.status, condition?.reason], ["True", "Reconciled"]);
    writer.report(refused);
    const invalid = await until(hasResult("Invalid"));
    assert.match(invalid.status?.errorSummary ?? "", /^configuration error: .*no prefixes defined/);
    assert.deepEqual(patched.mock.calls.at(-1)?.arguments[3], {
      type: "apply",
      subresource: "status",
      fieldManager: "poolReconciler",
      force: true,
    });
    writer.report(accepted);
    await until(hasResult("Valid"));
    // Created, and three reports.
    assert.equal(states.filter((state) => state !== undefined).length, 4);
  });

  it("ST-10, ST-12: deleted, it is made again with what was last found", async () => {
    writer.report(refused);
    writer.start();
    const { uid } = (await until(hasResult("Invalid"))).metadata;
    await cluster.request("DELETE", `${path}/controller`);
    const again = await until((state) => state.metadata.uid !== uid && hasResult("Invalid")(state));
    assert.equal(again.status?.conditions?.length, 1);
  });

  it("ST-14, TV-76: the verdict counts everybody's conditions, and is put right when somebody edits it", async () => {
    writer.report(accepted);
    writer.start();
    const valid = await until(hasResult("Valid"));
    const [ours] = valid.status?.conditions ?? [];
    const theirs = { ...ours, type: "theirs", status: "False", reason: "ConfigurationError" };
    const conditions = [ours, { ...theirs, message: "m1" }];
    const status = { result: "Valid", errorSummary: "", conditions };
    const put = await cluster.request("PUT", `${path}/controller/status`, { ...valid, status });
    assert.equal(put.status, 200);
    const invalid = await until(hasResult("Invalid"));
    assert.equal(invalid.status?.errorSummary, "m1");
    assert.equal(invalid.status?.conditions?.length, 2);
    assert.deepEqual(
      invalid.status?.conditions?.find(({ type }) => type === ours?.type),
      ours,
      "ST-12: without a look at the configuration the time stays",
    );
  });

  it("ST-11, ST-14: a process without a condition mends the verdict, and leaves the condition of its fellow", async (context) => {
    writer.report(accepted);
    writer.start();
    const valid = await until(hasResult("Valid"));
    writer.stop();
    const owner = { component: "controller" } as const;
    writer = new ConfigurationStateWriter({ client, logger: silentLogger, namespace, owner, pod });
    const patched = context.mock.method(client, "patch");
    writer.start();
    const status = { ...valid.status, result: "Invalid" };
    await cluster.request("PUT", `${path}/controller/status`, { ...valid, status });
    const { resourceVersion } = valid.metadata;
    const mended = await until(
      (state) => state.metadata.resourceVersion !== resourceVersion && hasResult("Valid")(state),
    );
    assert.deepEqual(mended.status?.conditions, valid.status?.conditions);
    // Applied by "poolReconciler", a status without its condition would take that away.
    assert.match(
      JSON.stringify(patched.mock.calls.at(-1)?.arguments),
      /"fieldManager":"controller"/,
    );
  });

  it("ST-10: labels that somebody took away come back", async () => {
    writer.report(accepted);
    writer.start();
    await until(hasResult("Valid"));
    await cluster.request("PATCH", `${path}/controller`, { metadata: { labels: null } });
    const isLabelled = (state: ConfigurationState) => state.metadata.labels !== undefined;
    await until((state) => !isLabelled(state));
    await until(isLabelled);
  });

  it("ST-10: without a pod to read there is no start, and the mend is told", async () => {
    await assert.rejects(readOwnPod(client, namespace, ""), /METALLB_POD_NAME.*--pod-name/);
    await assert.rejects(
      readOwnPod(client, namespace, "gone"),
      /pod metallb-system\/gone.*404.*--pod-name/,
    );
  });
});
