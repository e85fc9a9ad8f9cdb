import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { KubeClient } from "../platform/index.ts";
import { findSpeakers } from "./speaker-directory.ts";

const encoded = (text: string): string => Buffer.from(text).toString("base64");
const secret = { metadata: { name: "memberlist" }, data: { secretkey: encoded("of this test") } };

interface PodFields {
  readonly ip?: string;
  readonly isReady?: boolean;
  readonly metadata?: object;
  readonly ports?: readonly object[];
}

const pod = (name: string, { ip, isReady = true, metadata, ports = [] }: PodFields) => ({
  metadata: { name, ...metadata },
  spec: { containers: [{ ports }] },
  status: {
    ...(ip !== undefined && { podIP: ip }),
    conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
  },
});

/** A client that has these objects; pods are found by the label of our manifests, or of MetalLB's chart. */
function clientWith(secrets: object[], pods: object[], isChart = false): Pick<KubeClient, "list"> {
  const list = async (ref: { plural: string }, { labelSelector = "" } = {}) => {
    const isAsked = labelSelector.includes("app.kubernetes.io") === isChart;
    const items = ref.plural === "secrets" ? secrets : isAsked ? pods : [];
    return { items, resourceVersion: "1" };
  };
  return { list: list as KubeClient["list"] };
}

const find = (client: Pick<KubeClient, "list">) =>
  findSpeakers({ client, namespace: "metallb-system", secretName: "memberlist" });

describe("which speakers can be asked", () => {
  it("are the pods with an address, those that are ready first, on the port of their metrics", async () => {
    const pods = [
      pod("new", { ip: "10.0.0.1", isReady: false }),
      pod("named", {
        ip: "10.0.0.2",
        ports: [
          { name: "x", containerPort: 1 },
          { name: "metricshttps", containerPort: 9999 },
        ],
      }),
      pod("noted", { ip: "fd00::3", metadata: { annotations: { "prometheus.io/port": "7472" } } }),
      pod("waiting", {}),
      pod("leaving", { ip: "10.0.0.5", metadata: { deletionTimestamp: "2026-11-27T08:00:00Z" } }),
    ];
    for (const isChart of [false, true]) {
      const found = await find(clientWith([secret], pods, isChart));
      assert.deepEqual("speakers" in found && found.speakers, [
        { name: "named", url: "https://10.0.0.2:9999" },
        { name: "noted", url: "https://[fd00::3]:7472" },
        { name: "new", url: "https://10.0.0.1:9120" },
      ]);
    }
  });

  it("are none, with the reason, without pods, without the secret, and without the right to see them", async () => {
    assert.deepEqual(await find(clientWith([secret], [])), { why: "no speaker runs" });
    for (const secrets of [[], [{ ...secret, data: {} }]]) {
      const found = await find(clientWith(secrets, []));
      assert.match("why" in found ? found.why : "", /Secret metallb-system\/memberlist has no key/);
    }
    const refusing = { list: () => Promise.reject(new Error("403 pods is forbidden")) };
    assert.deepEqual(await find(refusing), { why: "403 pods is forbidden" });
  });
});
