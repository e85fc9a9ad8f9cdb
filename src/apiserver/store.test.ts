import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ApiError } from "./api-error.ts";
import type { ApiObject } from "./api-object.ts";
import { Store } from "./store.ts";

const MAPS = "/configmaps";

function map(name: string, data: Record<string, string> = {}): ApiObject {
  const metadata = {
    name,
    namespace: "default",
    uid: name,
    resourceVersion: "",
    creationTimestamp: "",
  };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

function names(objects: ApiObject[]): string[] {
  return objects.map(({ metadata }) => metadata.name);
}

async function withFile(run: (file: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "store-"));
  await run(join(folder, "data.db")).finally(() => rmSync(folder, { recursive: true }));
}

describe("the store", () => {
  it("gives each write the next revision and tells of it once it is on disk", async () => {
    const store = new Store(":memory:", 10);
    const seen: string[] = [];
    store.subscribe(({ type, object, revision }) =>
      seen.push(`${type} ${object.metadata.name} ${revision}`),
    );
    const first = store.put(MAPS, map("a"));
    store.put(MAPS, map("a", { x: "1" }));
    store.remove(MAPS, map("a"));
    assert.deepEqual(seen, []);
    await store.durable();
    assert.equal(first.metadata.resourceVersion, "2");
    assert.deepEqual(seen, ["ADDED a 2", "MODIFIED a 3", "DELETED a 4"]);
    store.close();
  });

  it("shows the past at a revision, writes under way included", async () => {
    const store = new Store(":memory:", 10);
    store.put(MAPS, map("a"));
    await store.durable();
    const then = store.revision;
    store.put(MAPS, map("b"));
    await store.durable();
    store.remove(MAPS, map("a"));
    assert.deepEqual(names(store.listAt(MAPS, then)), ["a"]);
    assert.deepEqual(names(store.list(MAPS)), ["b"]);
    store.close();
  });

  it("answers 410 for what it has forgotten, and never for the present", async () => {
    const store = new Store(":memory:", 2);
    for (const name of ["a", "b", "c", "d"]) store.put(MAPS, map(name));
    await store.durable();
    assert.equal(store.since(MAPS, store.revision - 2).length, 2);
    assert.deepEqual(store.since(MAPS, store.revision), []);
    assert.throws(() => store.since(MAPS, store.revision - 3), { code: 410, reason: "Expired" });
    store.close();
  });

  it("has everything again after it was opened anew, but no history", () =>
    withFile(async (file) => {
      const before = new Store(file, 10);
      before.put(MAPS, map("kept", { a: "1" }));
      before.put(MAPS, map("gone"));
      before.remove(MAPS, map("gone"));
      await before.durable();
      const { revision } = before;
      before.close();
      const after = new Store(file, 10);
      assert.deepEqual(names(after.list(MAPS)), ["kept"]);
      assert.deepEqual(after.get(MAPS, "default", "kept")?.data, { a: "1" });
      assert.equal(after.revision, revision);
      assert.throws(() => after.since(MAPS, revision - 1), { code: 410 });
      after.close();
    }));

  it("refuses writes on a full disk, goes on reading, and recovers when there is space", () =>
    withFile(async (file) => {
      const store = new Store(file, 10);
      store.put(MAPS, map("before"));
      await store.durable();
      store.database.exec("PRAGMA max_page_count = 4");
      const told: string[] = [];
      store.subscribe(({ object }) => told.push(object.metadata.name));
      store.put(MAPS, map("large", { text: "x".repeat(100_000) }));
      store.put(MAPS, map("before", { changed: "yes" }));
      await assert.rejects(store.durable(), (error: unknown) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.code, 507);
        assert.match(
          error.message,
          /nothing was written: database file .*data\.db .*free some space/,
        );
        return true;
      });
      assert.deepEqual(names(store.list(MAPS)), ["before"]);
      assert.deepEqual(store.get(MAPS, "default", "before")?.data, {});
      assert.deepEqual(told, []);
      store.database.exec("PRAGMA max_page_count = 100000");
      store.put(MAPS, map("later"));
      await store.durable();
      assert.deepEqual(told, ["later"]);
      store.close();
      const again = new Store(file, 10);
      assert.deepEqual(names(again.list(MAPS)), ["before", "later"]);
      again.close();
    }));

  it("lets no second server open its file", () =>
    withFile(async (file) => {
      const store = new Store(file, 10);
      store.put(MAPS, map("a"));
      await store.durable();
      assert.throws(() => new Store(file, 10), /locked/);
      store.close();
    }));
});
