import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { ServiceL2Status } from "../kube/index.ts";
import { createLogger, KubeClient, silentLogger } from "../platform/index.ts";
import { serviceL2Statuses } from "../status/index.ts";
import { type MetallbCluster, startMetallbCluster } from "../testing/index.ts";
import { seen } from "../testing/wire-conditions.ts";
import { ConditionWriter } from "./condition-writer.ts";
import { ServiceStatusWriter } from "./service-status-writer.ts";

const STATUSES = "/apis/metallb.io/v1beta1/namespaces/metallb-system/servicel2statuses";
const DEFINITION =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/servicel2statuses.metallb.io";
const pod = { metadata: { name: "speaker-x", namespace: "metallb-system", uid: "pod-1" } };
describe("writer of what is seen on the wire", () => {
  let cluster: MetallbCluster;
  let client: KubeClient;
  let owner: ServiceStatusWriter;
  let writer: ConditionWriter;
  const lines: string[] = [];

  const items = async (): Promise<ServiceL2Status[]> =>
    (await cluster.request("GET", STATUSES)).body.items;
  async function until(fits: (object: ServiceL2Status) => boolean): Promise<ServiceL2Status> {
    for (;;) {
      const [object] = await items();
      if (object !== undefined && fits(object)) return object;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  const told = ({ status }: ServiceL2Status): string[] =>
    (status?.conditions ?? []).map((one) => `${one.type} ${one.status} ${one.message}`);

  beforeEach(async () => {
    lines.length = 0;
    cluster = await startMetallbCluster();
    const token = (): string => cluster.tokens.speaker;
    client = new KubeClient({ server: cluster.url, origin: "the test", token });
    const whose = { node: "n1", namespace: "metallb-system", pod };
    const kind = serviceL2Statuses;
    owner = new ServiceStatusWriter({ client, logger: silentLogger, kind, writer: whose });
    owner.start();
    const logger = createLogger({ form: "legacy", write: (line) => lines.push(line) });
    writer = new ConditionWriter({ client, logger, namespace: "metallb-system" });
  });
  afterEach(async () => {
    owner.stop();
    writer.stop();
    await client.close();
    await cluster.close();
  });

  it("a speaker tells on the owner's object what it saw, also before the object is there, and the owner leaves it", async () => {
    writer.set("shop/web", "n1", seen("True"));
    owner.set("shop/web", { interfaces: undefined });
    const first = await until((object) => told(object).length > 0);
    assert.deepEqual(told(first), ["Seen True told"]);
    owner.set("shop/web", { interfaces: ["eth0"] });
    const second = await until(({ status }) => status?.interfaces?.[0]?.name === "eth0");
    assert.deepEqual(told(second), ["Seen True told"]);
  });

  it("what is told already is not written again, and a change keeps what others told", async () => {
    owner.set("shop/web", { interfaces: undefined });
    writer.set("shop/web", "n1", seen("True"));
    writer.set("shop/web", "n1", { ...seen("True"), type: "Announced" });
    const first = await until((object) => told(object).length === 2);
    const other = new ConditionWriter({
      client,
      logger: silentLogger,
      namespace: "metallb-system",
    });
    other.set("shop/web", "n1", seen("True"));
    other.set("shop/web", "n1", { ...seen("True", "a b"), type: "Conflict" });
    const second = await until((object) => told(object).length === 3);
    assert.deepEqual(told(second), [...told(first), "Conflict True a b"]);
    other.stop();
  });

  it("a conflict of an earlier life of the speaker is taken back", async () => {
    owner.set("shop/web", { interfaces: undefined });
    writer.set("shop/web", "n1", { ...seen("True"), type: "Conflict" });
    await until((object) => told(object).length === 1);
    const next = new ConditionWriter({ client, logger: silentLogger, namespace: "metallb-system" });
    await next.readBefore("n1");
    await until(({ status }) => status?.conditions?.[0]?.status === "False");
    next.stop();
  });

  it("where the definition is MetalLB's, which knows no conditions, nothing breaks, and the log says so once", async () => {
    const { body: definition } = await cluster.request("GET", DEFINITION);
    const { schema } = definition.spec.versions[0];
    delete schema.openAPIV3Schema.properties.status.properties.conditions;
    const { status } = await cluster.request("PUT", DEFINITION, definition);
    assert.equal(status, 200);
    for (const name of ["a", "b"]) {
      owner.set(`shop/${name}`, { interfaces: undefined });
      writer.set(`shop/${name}`, "n1", seen("True"));
    }
    await until(() => lines.length > 0);
    const objects = await items();
    assert.deepEqual(objects.map(told), [[], []]);
    owner.set("shop/c", { interfaces: undefined });
    writer.set("shop/c", "n1", seen("False"));
    while ((await items()).length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /has no conditions/);
  });
});
