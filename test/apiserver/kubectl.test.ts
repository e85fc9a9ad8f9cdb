/** The real kubectl against the embedded server, the way a person uses it. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { startApiServer, type RunningApiServer } from "../../src/apiserver/index.ts";

const candidates = process.env["KUBECTL"]
  ? [process.env["KUBECTL"]]
  : (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "kubectl"));
const kubectl = candidates.find((file) => existsSync(file));
const skip = kubectl ? false : "no kubectl: put one on PATH, or name it in KUBECTL";

interface Outcome {
  code: number;
  out: string;
  error: string;
}

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "shop" },
  spec: {
    type: "LoadBalancer",
    selector: { app: "web" },
    ports: [
      { name: "http", port: 80 },
      { name: "https", port: 443 },
    ],
  },
};

const daemonSet = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: { name: "agent", namespace: "shop" },
  spec: {
    selector: { matchLabels: { app: "agent" } },
    template: {
      metadata: { labels: { app: "agent" } },
      spec: { containers: [{ name: "main", image: "example.com/agent:1" }] },
    },
  },
};

describe("kubectl against the embedded server", { skip }, () => {
  let server: RunningApiServer;
  let folder: string;
  let config: string;
  before(async () => {
    server = await startApiServer({ dataFile: ":memory:", host: "127.0.0.1", port: 0 });
    folder = mkdtempSync(join(tmpdir(), "kubectl-"));
    config = join(folder, "config");
    writeFileSync(config, server.kubeconfig);
    succeeded(await run(["create", "namespace", "shop"]));
  });
  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const environment = () => ({ ...process.env, HOME: folder, KUBECONFIG: config });

  function run(
    args: string[],
    input?: unknown,
    extra: Record<string, string> = {},
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      const env = { ...environment(), ...extra };
      const child = execFile(
        kubectl!,
        ["--namespace=shop", ...args],
        { env },
        (failure, out, error) => {
          resolve({ code: failure ? Number(failure.code) : 0, out, error });
        },
      );
      child.stdin!.end(input === undefined ? "" : JSON.stringify(input));
    });
  }

  function succeeded({ code, out, error }: Outcome): string {
    assert.equal(code, 0, `${out}${error}`);
    return out;
  }

  /** One field of an object. */
  const field = async (name: string, path: string) =>
    succeeded(await run(["get", name, "-o", `jsonpath={${path}}`]));

  it("applies with validation, tells the difference, and applies it", async () => {
    assert.match(succeeded(await run(["apply", "-f", "-"], service)), /service\/web created/);
    assert.match(succeeded(await run(["apply", "-f", "-"], service)), /service\/web unchanged/);
    const changed = structuredClone(service);
    changed.spec.ports[1]!.port = 8443;
    const diff = await run(["diff", "-f", "-"], changed);
    assert.equal(diff.code, 1, diff.error);
    assert.match(diff.out, /\+ +port: 8443/);
    assert.match(succeeded(await run(["apply", "-f", "-"], changed)), /service\/web configured/);
    assert.equal(await field("service/web", ".spec.ports[*].port"), "80 8443");
  });

  it("shows of an edited ConfigMap exactly what was edited", async () => {
    const metadata = { name: "proxy" };
    const map = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { mode: "a" } };
    succeeded(await run(["create", "-f", "-"], map));
    const live = JSON.parse(succeeded(await run(["get", "configmap", "proxy", "-o", "json"])));
    const { out } = await run(["diff", "-f", "-"], { ...live, data: { mode: "b" } });
    succeeded(await run(["delete", "configmap", "proxy"]));
    // Versions before 1.21 compare managedFields as well: those lines are indented further.
    const changes = out.split("\n").filter((line) => /^[-+] {0,2}\w/.test(line));
    assert.deepEqual(changes, ["-  mode: a", "+  mode: b"]);
  });

  it("is told of unknown fields", async () => {
    const typo = { ...service, metadata: { name: "typo" }, spec: { ...service.spec, selectr: {} } };
    const { code, error } = await run(["apply", "-f", "-"], typo);
    assert.equal(code, 1);
    assert.match(error, /unknown field "(spec\.)?selectr"/);
  });

  it("applies by the server as another manager, and meets a conflict", async () => {
    const map = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "owned" },
      data: { a: "1" },
    };
    succeeded(await run(["apply", "--server-side", "--field-manager=one", "-f", "-"], map));
    const other = { ...map, data: { a: "2" } };
    const apply = ["apply", "--server-side", "--field-manager=two", "-f", "-"];
    const { error } = await run(apply, other);
    assert.match(error, /conflict with "one".*\.data\.a/s);
    succeeded(await run([...apply, "--force-conflicts"], other));
    assert.equal(await field("configmap/owned", ".data.a"), "2");
  });

  it("creates a secret, a deployment and a role by its own commands (protobuf in newer versions)", async () => {
    succeeded(
      await run(["create", "secret", "generic", "memberlist", "--from-literal=secretkey=s3cret"]),
    );
    assert.equal(await field("secret/memberlist", ".data.secretkey"), "czNjcmV0");
    succeeded(await run(["create", "deployment", "shop", "--image=example.com/shop:2"]));
    assert.equal(
      await field("deployment/shop", ".spec.template.spec.containers[0].imagePullPolicy"),
      "IfNotPresent",
    );
    succeeded(await run(["create", "role", "reader", "--verb=get", "--resource=pods"]));
    succeeded(await run(["scale", "deployment/shop", "--replicas=3"]));
    assert.equal(await field("deployment/shop", ".spec.replicas"), "3");
  });

  it("gets tables, wide ones too, and describes with events", async () => {
    const patch = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: "192.0.2.9" }] } } });
    const headers = { "content-type": "application/merge-patch+json" };
    const path = "/api/v1/namespaces/shop/services/web/status";
    await fetch(server.url + path, { method: "PATCH", headers, body: patch });
    const wide = succeeded(await run(["get", "services", "-o", "wide"]));
    assert.match(wide, /NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE +SELECTOR/);
    assert.match(
      wide,
      /web +LoadBalancer +10\.96\.\S+ +192\.0\.2\.9 +80:\d+\/TCP,8443:\d+\/TCP +\S+ +app=web/,
    );
    const event = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "web.1", namespace: "shop" },
      involvedObject: {
        kind: "Service",
        namespace: "shop",
        name: "web",
        uid: await field("service/web", ".metadata.uid"),
      },
      reason: "IPAllocated",
      message: 'Assigned IP "192.0.2.9"',
      type: "Normal",
      source: { component: "metallb-controller" },
      count: 1,
    };
    succeeded(await run(["create", "-f", "-"], event));
    const described = succeeded(await run(["describe", "services", "web"]));
    assert.match(described, /LoadBalancer Ingress: +192\.0\.2\.9/);
    assert.match(described, /IPAllocated.*metallb-controller +Assigned IP "192\.0\.2\.9"/);
  });

  it("edits with an editor that is a script", async () => {
    const editor = join(folder, "editor.sh");
    writeFileSync(editor, `#!/bin/sh\nsed -i 's/type: LoadBalancer/type: NodePort/' "$1"\n`);
    chmodSync(editor, 0o755);
    succeeded(await run(["edit", "service", "web"], undefined, { KUBE_EDITOR: editor }));
    assert.equal(await field("service/web", ".spec.type"), "NodePort");
    assert.equal(await field("service/web", ".status.loadBalancer"), "{}");
  });

  it("patches in three ways, labels and annotates", async () => {
    succeeded(
      await run([
        "patch",
        "service",
        "web",
        "--type=merge",
        "-p",
        '{"spec":{"type":"LoadBalancer"}}',
      ]),
    );
    succeeded(
      await run([
        "patch",
        "service",
        "web",
        "-p",
        '{"spec":{"ports":[{"port":80,"targetPort":3000}]}}',
      ]),
    );
    const operation = '[{"op":"replace","path":"/spec/selector/app","value":"shop"}]';
    succeeded(await run(["patch", "service", "web", "--type=json", "-p", operation]));
    succeeded(await run(["label", "service", "web", "tier=front"]));
    succeeded(await run(["annotate", "service", "web", "example.com/note=hello"]));
    const seen =
      "{.spec.ports[0].targetPort} {.spec.ports[*].port} {.spec.selector.app} {.metadata.labels.tier}";
    const out = succeeded(await run(["get", "service/web", "-o", `jsonpath=${seen}`]));
    assert.equal(out, "3000 80 8443 shop front");
  });

  it("waits for a rollout", async () => {
    succeeded(await run(["apply", "-f", "-"], daemonSet));
    const status = {
      observedGeneration: 1,
      desiredNumberScheduled: 1,
      currentNumberScheduled: 1,
      updatedNumberScheduled: 1,
      numberAvailable: 1,
      numberReady: 1,
      numberMisscheduled: 0,
    };
    const waiting = run(["rollout", "status", "daemonset/agent", "--timeout=20s"]);
    const path = "/apis/apps/v1/namespaces/shop/daemonsets/agent/status";
    const headers = { "content-type": "application/merge-patch+json" };
    await fetch(server.url + path, { method: "PATCH", headers, body: JSON.stringify({ status }) });
    assert.match(succeeded(await waiting), /successfully rolled out/);
  });

  it("watches a table and sees a deletion it waits for", async () => {
    const watch = spawn(kubectl!, ["--namespace=shop", "get", "configmaps", "-w"], {
      env: environment(),
    });
    const lines = createInterface({ input: watch.stdout })[Symbol.asyncIterator]();
    const line = async () => String((await lines.next()).value);
    assert.match(await line(), /NAME +DATA +AGE/);
    assert.match(await line(), /owned +1/);
    const metadata = { name: "late", finalizers: ["example.com/hold"] };
    const late = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { a: "b" } };
    succeeded(await run(["create", "-f", "-"], late));
    assert.match(await line(), /late +1/);
    // The finalizer keeps the object until kubectl's deletion has begun, and so has to wait.
    const gone = run(["delete", "configmap", "late", "--timeout=20s"]);
    assert.match(await line(), /late +1/);
    const released = JSON.stringify({ metadata: { finalizers: null } });
    succeeded(await run(["patch", "configmap", "late", "--type=merge", "-p", released]));
    succeeded(await gone);
    watch.kill();
    await once(watch, "exit");
  });

  it("serves a custom resource with its columns", async () => {
    const schema = {
      type: "object",
      properties: {
        spec: { type: "object", properties: { size: { type: "integer", minimum: 1 } } },
      },
    };
    const version = {
      name: "v1",
      served: true,
      storage: true,
      schema: { openAPIV3Schema: schema },
      additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
    };
    const definition = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "boxes.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "boxes", kind: "Box" },
        versions: [version],
      },
    };
    succeeded(await run(["apply", "-f", "-"], definition));
    succeeded(
      await run(["wait", "--for=condition=Established", "crd/boxes.example.com", "--timeout=20s"]),
    );
    const box = {
      apiVersion: "example.com/v1",
      kind: "Box",
      metadata: { name: "b" },
      spec: { size: 3 },
    };
    succeeded(await run(["apply", "-f", "-"], box));
    assert.match(succeeded(await run(["get", "boxes"])), /NAME +SIZE\s+b +3/);
    const { error } = await run(["apply", "-f", "-"], { ...box, spec: { size: 0 } });
    assert.match(error, /spec\.size.*greater than or equal to 1/);
  });

  it("deletes a namespace with everything in it", async () => {
    succeeded(await run(["delete", "namespace", "shop", "--timeout=20s"]));
    assert.equal(succeeded(await run(["get", "services,configmaps,deployments"])), "");
  });

  it("refuses the two PodSecurityPolicies of old manifests and creates the rest (INS-13)", async () => {
    const policy = {
      apiVersion: "policy/v1beta1",
      kind: "PodSecurityPolicy",
      metadata: { name: "speaker" },
    };
    const map = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "rest", namespace: "default" },
    };
    const list = { apiVersion: "v1", kind: "List", items: [policy, map] };
    const { code, out, error } = await run(["--namespace=default", "apply", "-f", "-"], list);
    assert.equal(code, 1);
    assert.match(error, /no matches for kind "PodSecurityPolicy" in version "policy\/v1beta1"/);
    assert.match(out, /configmap\/rest created/);
  });
});
