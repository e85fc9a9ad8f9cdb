/** The informer and its client against a real HTTP server that misbehaves. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Failure, KubeObject } from "../kube/index.ts";
import { WatchServer } from "../testing/watch-server.ts";
import { Informer } from "./informer.ts";
import { KubeClient } from "./kube-client.ts";

const services = { group: "", version: "v1", plural: "services" };

/** Collects what an informer tells, and waits for it. */
class Listener {
  readonly changes: string[] = [];
  readonly objects = new Map<string, KubeObject>();
  readonly troubles: Failure[] = [];
  syncs = 0;
  #wake: () => void = () => undefined;

  readonly options = {
    pageSize: 2,
    onChange: (key: string, object: KubeObject | undefined): void => {
      this.changes.push(`${object === undefined ? "-" : "+"}${key}`);
      if (object === undefined) this.objects.delete(key);
      else this.objects.set(key, object);
      this.#wake();
    },
    onSynced: (): void => {
      this.syncs++;
      this.#wake();
    },
    onTrouble: (failure: Failure): void => {
      this.troubles.push(failure);
      this.#wake();
    },
  };

  /** Resolves as soon as `condition` holds after something was told. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

describe("Informer", () => {
  let server: WatchServer;
  let client: KubeClient;
  let informer: Informer<KubeObject>;
  let listener: Listener;
  let token = "good";

  beforeEach(async () => {
    token = "good";
    server = new WatchServer();
    await server.start();
    client = new KubeClient({ server: server.url, origin: "the test", token: () => token });
    listener = new Listener();
    informer = new Informer<KubeObject>(client, services, listener.options);
  });

  afterEach(async () => {
    informer.stop();
    await client.close();
    await server.stop();
  });

  async function startWith(...names: string[]): Promise<void> {
    for (const name of names) server.put(name);
    informer.start();
    await listener.until(() => listener.syncs === 1);
  }

  it("lists in pages, says synced after all of them, then follows", async () => {
    await startWith("a", "b", "c");
    assert.deepEqual(listener.changes, ["+default/a", "+default/b", "+default/c"]);
    server.put("d");
    server.remove("a");
    await listener.until(() => listener.changes.length === 5);
    assert.deepEqual(listener.changes.slice(3), ["+default/d", "-default/a"]);
    assert.deepEqual([...listener.objects.keys()], ["default/b", "default/c", "default/d"]);
  });

  it("resumes a cut watch without a second list, and repeats nothing", async () => {
    await startWith("a");
    server.put("b");
    await listener.until(() => listener.changes.length === 2);
    server.cutWatches();
    server.put("c");
    await listener.until(() => listener.changes.length === 3);
    assert.deepEqual(listener.changes, ["+default/a", "+default/b", "+default/c"]);
    const lists = server.requests.filter((request) => !request.includes("watch=true"));
    assert.equal(lists.length, 1);
    assert.ok(
      server.requests.every((request) => !/watch/.test(request) || /Bookmarks/.test(request)),
    );
  });

  it("K8S-6: a watch that expired lists again and tells only the difference", async () => {
    await startWith("a", "b");
    server.objects.delete("a");
    server.put("c");
    await listener.until(() => listener.changes.length === 3);
    server.put("c");
    server.compact();
    await listener.until(() => listener.changes.includes("-default/a"));
    const changes = listener.changes.filter((change) => change === "+default/b");
    assert.equal(changes.length, 1);
    assert.deepEqual([...listener.objects.keys()].sort(), ["default/b", "default/c"]);
  });

  it("K8S-6: an ERROR event with code 410 in the stream lists again", async () => {
    await startWith("a");
    server.put("b");
    await listener.until(() => listener.changes.length === 2);
    server.objects.delete("a");
    server.sendRaw('{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}\n');
    await listener.until(() => listener.changes.includes("-default/a"));
    assert.deepEqual(listener.troubles, []);
  });

  it("survives a restart of the server on its port, and finds what happened meanwhile", async () => {
    await startWith("a");
    await server.stop();
    server.put("b");
    await listener.until(() => listener.troubles.length > 0);
    assert.match(listener.troubles[0]?.message ?? "", /cannot reach the Kubernetes API server/);
    await server.start();
    await listener.until(() => listener.changes.length === 2);
    assert.deepEqual(listener.changes, ["+default/a", "+default/b"]);
  });

  it("an expired token is reported once, and a good one ends the trouble", async () => {
    server.acceptedToken = "better";
    informer.start();
    await listener.until(() => listener.troubles.length > 0);
    assert.equal(listener.troubles[0]?.status, 401);
    server.put("a");
    token = "better";
    await listener.until(() => listener.syncs === 1);
    assert.deepEqual(listener.changes, ["+default/a"]);
    assert.equal(listener.troubles.length, 1);
  });

  it("an event cut in pieces, inside a character too, arrives whole", async () => {
    await startWith("a");
    server.put("b");
    await listener.until(() => listener.changes.length === 2);
    const event = { type: "ADDED", object: { metadata: { name: "ü", resourceVersion: "900" } } };
    const bytes = Buffer.from(`${JSON.stringify(event)}\n`);
    const cut = bytes.indexOf(0xc3) + 1;
    server.sendRaw(bytes.subarray(0, cut));
    await client.list(services);
    server.sendRaw(bytes.subarray(cut));
    await listener.until(() => listener.changes.length === 3);
    assert.equal(listener.changes[2], "+ü");
  });

  it("a line that is no JSON ends the watch, not the informer", async () => {
    await startWith("a");
    server.put("b");
    await listener.until(() => listener.changes.length === 2);
    server.sendRaw("<html>proxy error</html>\n");
    server.put("c");
    await listener.until(() => listener.changes.length === 3);
    assert.equal(listener.changes[2], "+default/c");
  });

  it("keeps no managedFields", async () => {
    const metadata = { name: "a", resourceVersion: "5", managedFields: [{ manager: "kubectl" }] };
    server.objects.set("a", { metadata });
    informer.start();
    await listener.until(() => listener.syncs === 1);
    assert.deepEqual(listener.objects.get("a")?.metadata, { name: "a", resourceVersion: "5" });
  });

  it("is silent after stop", async () => {
    await startWith("a");
    informer.stop();
    server.put("b");
    await client.list(services);
    assert.deepEqual(listener.changes, ["+default/a"]);
  });
});
