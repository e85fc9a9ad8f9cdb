import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { containerCommand, isMountable } from "./container-command.ts";
import { containerEnvironment, expand } from "./container-environment.ts";
import type { Container, Pod } from "./objects.ts";
import { prepareMounts } from "./pod-volumes.ts";

const container: Container = { name: "speaker", image: "metallb/speaker:v0.9.5" };
const pod: Pod = {
  metadata: { name: "speaker-x", namespace: "metallb-system", labels: { app: "metallb" } },
  spec: { containers: [container] },
};
const facts = { nodeName: "knode1", hostIP: "192.168.1.11", podIP: "192.168.1.11" };
const nothing = { secrets: [], configMaps: [] };

function environment(
  env: Container["env"],
  references: Parameters<typeof containerEnvironment>[2]["references"] = nothing,
) {
  return containerEnvironment(pod, { ...container, env: env ?? [] }, { references, facts });
}

function command(securityContext: Container["securityContext"], hasOtherUsers = true): string[] {
  const secured = securityContext ? { ...container, securityContext } : container;
  return containerCommand({
    pod,
    container: secured,
    program: ["run"],
    args: ["--x"],
    mounts: [],
    hasOtherUsers,
  });
}

describe("a container's environment", () => {
  it("INS-3: has what the speaker's manifest takes from its pod and node", () => {
    const field = (name: string, fieldPath: string) => ({
      name,
      valueFrom: { fieldRef: { fieldPath } },
    });
    const env = environment([
      field("METALLB_NODE_NAME", "spec.nodeName"),
      field("METALLB_HOST", "status.hostIP"),
      field("METALLB_ML_BIND_ADDR", "status.podIP"),
      field("METALLB_ML_NAMESPACE", "metadata.namespace"),
      field("APP", "metadata.labels['app']"),
    ]);
    assert.deepEqual(Object.values(env), [
      "knode1",
      "192.168.1.11",
      "192.168.1.11",
      "metallb-system",
      "metallb",
    ]);
  });

  it("INS-18: refuses to start without a secret, or a key of it, in the kubelet's own words", () => {
    const secretKeyRef = { name: "memberlist", key: "secretkey" };
    const env = [{ name: "METALLB_ML_SECRET_KEY", valueFrom: { secretKeyRef } }];
    const code = "CreateContainerConfigError";
    assert.throws(() => environment(env), { code, message: 'secret "memberlist" not found' });
    const empty = { ...nothing, secrets: [{ metadata: { name: "memberlist" } }] };
    const message = "couldn't find key secretkey in Secret metallb-system/memberlist";
    assert.throws(() => environment(env, empty), { code, message });
    const optional = [
      { name: "KEY", valueFrom: { secretKeyRef: { ...secretKeyRef, optional: true } } },
    ];
    assert.deepEqual(environment(optional), {});
  });

  it("keeps the bytes of a secret, line ends included (INS-18)", () => {
    const data = { secretkey: Buffer.from("a\nb\n").toString("base64") };
    const references = { ...nothing, secrets: [{ metadata: { name: "m" }, data }] };
    const env = environment(
      [{ name: "K", valueFrom: { secretKeyRef: { name: "m", key: "secretkey" } } }],
      references,
    );
    assert.equal(env["K"], "a\nb\n");
  });

  it("expands known names in arguments and leaves others", () => {
    assert.equal(expand("--a=$(A) $(B) $$(A)", { A: "1" }), "--a=1 $(B) $(A)");
  });
});

describe("a container's command line", () => {
  it("leaves the speaker just the capabilities of its manifest (L2-163, INS-1)", () => {
    const words = command({ capabilities: { drop: ["ALL"], add: ["NET_RAW", "SYS_ADMIN"] } });
    assert.ok(words.includes("--bounding-set=-all,+net_raw,+sys_admin"));
    assert.deepEqual(words.slice(-2), ["run", "--x"]);
  });

  it("runs the controller as user 65534 where that user exists (INS-5)", () => {
    const context = { runAsUser: 65_534, capabilities: { drop: ["all"] } };
    assert.ok(command(context).includes("--reuid=65534"));
    assert.ok(!command(context, false).includes("--reuid=65534"));
  });

  it("never mounts where the machine's own folders would be written to", () => {
    const mounting = { ...container, volumeMounts: [{ name: "v", mountPath: "/home/x" }] };
    const withVolume = { ...pod, spec: { ...pod.spec, volumes: [{ name: "v", emptyDir: {} }] } };
    const parts = { folder: "/nowhere", references: nothing, account: {} };
    assert.throws(() => prepareMounts(withVolume, mounting, parts), {
      message: 'cannot mount "v" on /home/x: the lab mounts only below /etc, /run and /var/lib',
    });
    assert.ok(isMountable("/etc/metallb") && isMountable("/var/lib/kube-proxy"));
    assert.ok(
      !isMountable("/home/x") && !isMountable("/etc/../home") && !isMountable("/etc/a';rm"),
    );
  });
});
