import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { startApiServer } from "../apiserver/index.ts";
import type { ConfigOutcome } from "../config/index.ts";
import { createLogger, KubeClient } from "../platform/index.ts";
import { startMetallbCluster, type MetallbCluster } from "../testing/index.ts";
import type { Watcher } from "./config-kinds.ts";
import { ConfigWatch, type ConfigInputs } from "./config-watch.ts";

const group = "/apis/metallb.io/v1beta1/namespaces/metallb-system";
const core = "/api/v1/namespaces/metallb-system";

/** Notes what it is told; each look answers with `outcome`. */
class Notes implements ConfigInputs {
  readonly told: string[] = [];
  readonly known = new Map<string, string>();
  looks = 0;
  outcome: ConfigOutcome | undefined;
  wake: () => void = () => undefined;

  setObject(kind: string, name: string, object: object | undefined): void {
    this.#note(`${kind} ${name} ${object === undefined ? "gone" : "set"}`);
  }
  setNamespace(name: string, labels: object | undefined): void {
    this.#note(`Namespace ${name} ${JSON.stringify(labels)}`);
  }
  setNode(name: string, labels: object | undefined): void {
    this.#note(`Node ${name} ${JSON.stringify(labels)}`);
  }
  setSecret(name: string, secret: { data?: object; type?: string } | undefined): void {
    this.#note(`Secret ${name} ${secret?.type} ${JSON.stringify(secret?.data)}`);
  }
  setConfigMap(which: string, configMap: { data?: object } | undefined): void {
    this.#note(`ConfigMap ${which} ${JSON.stringify(configMap?.data)}`);
  }
  setKnown(input: string, how: string): void {
    this.known.set(input, how);
    this.#note(`known ${input} ${how}`);
  }
  look(): ConfigOutcome | undefined {
    this.looks++;
    this.#note("look");
    return this.outcome;
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere()) await new Promise<void>((resolve) => (this.wake = resolve));
  }

  /** Waits until it was told this, `times` times. */
  untilTold(what: string, times = 1): Promise<void> {
    return this.until(() => this.told.filter((one) => one === what).length >= times);
  }

  #note(what: string): void {
    this.told.push(what);
    this.wake();
  }
}

function pool(name: string) {
  const metadata = { name };
  return {
    apiVersion: "metallb.io/v1beta1",
    kind: "IPAddressPool",
    metadata,
    spec: { addresses: ["192.0.2.0/24"] },
  };
}

describe("ConfigWatch", () => {
  let cluster: MetallbCluster;
  let client: KubeClient;
  let notes: Notes;
  let watch: ConfigWatch;
  let lines: string[];
  let pools: Map<string, unknown>;
  let outcomes: ConfigOutcome[];

  before(async () => {
    cluster = await startMetallbCluster();
  });
  after(() => cluster.close());

  beforeEach(() => {
    notes = new Notes();
    lines = [];
    outcomes = [];
    pools = new Map();
  });

  afterEach(async () => {
    watch.stop();
    await client.close();
  });

  function start(watcher: Watcher, url = cluster.url): void {
    const token = () => cluster.tokens[watcher];
    client = new KubeClient({ server: url, origin: "the test", token });
    watch = new ConfigWatch({
      client,
      logger: createLogger({ form: "modern", write: (line) => lines.push(line) }),
      namespace: "metallb-system",
      configName: "config",
      watcher,
      source: notes,
      onOutcome: (outcome) => {
        outcomes.push(outcome);
        notes.wake();
      },
      onPool: (name, object) => pools.set(name, object),
    });
    watch.start();
  }

  const expect = async (answer: ReturnType<MetallbCluster["request"]>): Promise<void> => {
    const { status, body } = await answer;
    assert.ok(status < 300, String(body.message));
  };

  it("K8S-1, CFG-3: the controller reads pools, communities, namespaces and the ConfigMap, with v0.16's rights", async () => {
    start("controller");
    const kinds = ["IPAddressPool", "Community", "Namespace", "ConfigMap"];
    await notes.until(() => kinds.every((kind) => notes.known.get(kind) === "listed"));
    assert.deepEqual([...notes.known.keys()].sort(), kinds.sort());
    assert.deepEqual(lines, []);
    const config = { metadata: { name: "config" }, data: { config: "x" } };
    await expect(cluster.request("POST", `${core}/configmaps`, config));
    await notes.untilTold('ConfigMap config {"config":"x"}');
    assert.equal(watch.configMap?.data?.["config"], "x");
    await expect(cluster.request("DELETE", `${core}/configmaps/config`));
    await notes.untilTold("ConfigMap config undefined");
  });

  it("K8S-2: a speaker reads every kind, and of secrets no more than type and password", async () => {
    start("speaker");
    const kinds = ["IPAddressPool", "Community", "L2Advertisement", "BGPAdvertisement", "BGPPeer"];
    const all = [...kinds, "BFDProfile", "Namespace", "ConfigMap", "Secret"];
    await notes.until(() => all.every((kind) => notes.known.get(kind) === "listed"));
    const type = "kubernetes.io/basic-auth";
    const data = { password: "cA==", username: "dQ==" };
    await expect(
      cluster.request("POST", `${core}/secrets`, { metadata: { name: "s" }, type, data }),
    );
    await notes.untilTold(`Secret s ${type} {"password":"cA=="}`);
    await expect(
      cluster.request("POST", `${core}/configmaps`, { metadata: { name: "bgpextras" } }),
    );
    await notes.untilTold("ConfigMap bgpextras undefined");
    await expect(cluster.request("POST", `${core}/configmaps`, { metadata: { name: "other" } }));
    await expect(cluster.request("DELETE", `${core}/configmaps/bgpextras`));
    await notes.untilTold("ConfigMap bgpextras undefined", 2);
    assert.ok(!notes.told.some((what) => what.startsWith("ConfigMap other")));
    assert.ok(!notes.told.some((what) => what.startsWith("ConfigMap config")));
  });

  it("K8S-3, ST-1: a pool's status, and a namespace without new labels, change no configuration", async () => {
    start("controller");
    await expect(cluster.request("POST", `${group}/ipaddresspools`, pool("lan")));
    await notes.untilTold("IPAddressPool lan set");
    const path = `${group}/ipaddresspools/lan`;
    const { body } = await cluster.request("GET", path);
    const status = {
      assignedIPv4: 1,
      assignedIPv6: 0,
      availableIPv4: 9,
      availableIPv6: 2n ** 63n - 1n,
    };
    await expect(cluster.request("PUT", `${path}/status`, { ...body, status }));
    await expect(
      cluster.request("PATCH", "/api/v1/namespaces/default", {
        metadata: { annotations: { a: "b" } },
      }),
    );
    await expect(
      cluster.request("PATCH", "/api/v1/namespaces/default", { metadata: { labels: { a: "b" } } }),
    );
    await notes.until(() =>
      notes.told.some((what) => what.startsWith("Namespace default") && what.includes('"a":"b"')),
    );
    await expect(cluster.request("PATCH", path, { spec: { autoAssign: false } }));
    await notes.untilTold("IPAddressPool lan set", 2);
    await expect(cluster.request("PATCH", path, { metadata: { labels: { a: "b" } } }));
    await notes.untilTold("IPAddressPool lan set", 3);
    const seen = pools.get("lan") as { status: { availableIPv6: bigint } };
    assert.equal(seen.status.availableIPv6, 2n ** 63n - 1n, "ST-2: read to the last digit");
    const namespaces = notes.told.filter((what) => what.startsWith("Namespace default"));
    assert.equal(namespaces.length, 2);
    await expect(cluster.request("DELETE", path));
    await notes.untilTold("IPAddressPool lan gone");
    assert.equal(pools.get("lan"), undefined);
  });

  it("K8S-3: nodes count by their labels only", async () => {
    start("speaker");
    await notes.untilTold("look");
    for (const labels of [{ a: "b" }, { a: "b" }, { a: "c" }, undefined]) {
      watch.setNode("n1", labels);
    }
    watch.nodesListed();
    const nodes = notes.told.filter((what) => what.startsWith("Node"));
    assert.deepEqual(nodes, ['Node n1 {"a":"b"}', 'Node n1 {"a":"c"}', "Node n1 undefined"]);
    assert.equal(notes.known.get("Node"), "listed");
  });

  it("K8S-4: a burst of changes is looked at once, and each outcome is told", async () => {
    for (let index = 0; index < 30; index++) {
      await expect(cluster.request("POST", `${group}/ipaddresspools`, pool(`p${index}`)));
    }
    notes.outcome = { kind: "unchanged", warnings: [] };
    start("controller");
    await notes.until(() => notes.known.size === 4);
    await notes.until(() => notes.told.at(-1) === "look");
    // One look for each first list at the most, not one for each pool.
    assert.ok(notes.looks <= 4, `${notes.looks} looks`);
    assert.equal(outcomes.length, notes.looks);
  });

  it("CFG-53: a refusal that goes away with addresses in use is looked at again", async () => {
    notes.outcome = { kind: "refused", findings: [], isRetryable: true };
    start("controller");
    await notes.until(() => notes.known.size === 4);
    const looks = notes.looks;
    await notes.until(() => notes.looks > looks);
  });

  it("ST-13: a fault of ours is told as an unknown error, and the next change is looked at again", async () => {
    notes.look = () => {
      notes.looks++;
      throw new Error("a bug in the compiler");
    };
    start("controller");
    await notes.until(() => outcomes.length > 0);
    const [outcome] = outcomes;
    assert.equal(outcome?.kind === "refused" && outcome.findings[0]?.code, "UnknownError");
    assert.match(lines[0] ?? "", /"level":"error".*a bug in the compiler/);
  });

  it("K8S-6: without the custom resources it goes on, says so once, and finds them when they come", async (context) => {
    const bare = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
    try {
      context.mock.timers.enable({ apis: ["setTimeout"] });
      start("controller", bare.url);
      await notes.untilTold("known Community unavailable");
      await notes.untilTold("known IPAddressPool unavailable");
      await notes.until(() => notes.known.size === 4);
      assert.equal(lines.length, 1);
      const { level, resources } = JSON.parse(lines[0] as string) as Record<string, unknown>;
      assert.deepEqual([level, resources], ["info", ["ipaddresspools", "communities"]]);
      const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
      const admin = new KubeClient({ server: bare.url, origin: "the test" });
      const ref = {
        group: "apiextensions.k8s.io",
        version: "v1",
        plural: "customresourcedefinitions",
      };
      const { body } = await cluster.request("GET", `${crds}/ipaddresspools.metallb.io`);
      await admin.create(ref, { ...body, metadata: { name: body.metadata.name } });
      await admin.close();
      context.mock.timers.tick(30_000);
      await notes.untilTold("known IPAddressPool listed");
      assert.equal(notes.known.get("Community"), "unavailable");
      assert.match(lines[1] ?? "", /readable now.*ipaddresspools/);
      assert.equal(lines.length, 2);
    } finally {
      await bare.close();
    }
  });
});
