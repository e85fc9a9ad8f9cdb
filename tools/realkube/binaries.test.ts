import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { realkubeBinaries } from "./binaries.ts";
import { standInModule } from "./build.ts";
import { cacheFolder, kubernetesVersion, stampPrefix } from "./versions.ts";

const root = mkdtempSync(join(tmpdir(), "realkube-binaries-"));
after(() => rmSync(root, { recursive: true }));

function program(folder: string, name: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), "");
  chmodSync(join(folder, name), 0o755);
}

describe("where the real Kubernetes comes from", () => {
  const cache = cacheFolder({ XDG_CACHE_HOME: root });

  it("takes REALKUBE_BIN before KUBEBUILDER_ASSETS before the cache", async () => {
    const [first, second] = [join(root, "first"), join(root, "second")];
    for (const folder of [first, second, cache]) program(folder, "etcd");
    writeFileSync(join(cache, ".etcd.stamp"), `${stampPrefix("etcd")}go1 amd64\n`);
    const environment = { REALKUBE_BIN: first, KUBEBUILDER_ASSETS: second, XDG_CACHE_HOME: root };
    const search = { components: ["etcd" as const], environment };
    assert.deepEqual(await realkubeBinaries(search), {
      ok: true,
      dir: first,
      found: "REALKUBE_BIN",
    });
    environment.REALKUBE_BIN = "";
    assert.deepEqual(await realkubeBinaries(search), {
      ok: true,
      dir: second,
      found: "KUBEBUILDER_ASSETS",
    });
    environment.KUBEBUILDER_ASSETS = "";
    assert.deepEqual(await realkubeBinaries(search), { ok: true, dir: cache, found: "cache" });
  });

  it("names the variable, the folder and the program that a given folder lacks", async () => {
    const environment = { REALKUBE_BIN: join(root, "empty") };
    const answer = await realkubeBinaries({ components: ["kube-apiserver"], environment });
    assert.ok(!answer.ok);
    assert.match(answer.reason, /^REALKUBE_BIN=.*empty has no executable kube-apiserver/);
  });

  it("does not trust a cached program of another version", async () => {
    program(cache, "kubectl");
    writeFileSync(join(cache, ".kubectl.stamp"), "kubectl v1.2.3 grpcnotrace go1 amd64\n");
    const environment = { XDG_CACHE_HOME: root };
    const answer = await realkubeBinaries({ components: ["kubectl"], environment });
    assert.ok(!answer.ok);
    assert.match(answer.reason, /no kubectl in .*tools\/realkube\.ts build/);
  });
});

describe("the stand-in module that Kubernetes is built from", () => {
  it("points each staging library at its published version", () => {
    const original = [
      "module k8s.io/kubernetes",
      "require (",
      "\tgithub.com/a/b v1.2.3",
      "\tk8s.io/api v0.0.0",
      "\tk8s.io/klog/v2 v2.1.0",
      ")",
      "replace (",
      "\tk8s.io/api => ./staging/src/k8s.io/api",
      ")",
      "",
    ].join("\n");
    const staging = kubernetesVersion.replace("v1.", "v0.");
    assert.equal(
      standInModule(original),
      [
        "module realkube",
        "require (",
        "\tgithub.com/a/b v1.2.3",
        `\tk8s.io/api ${staging}`,
        "\tk8s.io/klog/v2 v2.1.0",
        ")",
        "replace (",
        `\tk8s.io/api => k8s.io/api ${staging}`,
        ")",
        "",
        `require k8s.io/kubernetes ${kubernetesVersion}`,
        "",
      ].join("\n"),
    );
  });
});
