import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ServiceL2Status } from "../kube/index.ts";
import { KubeApiError, type ListOptions } from "../platform/index.ts";
import { ConditionObjects } from "./condition-objects.ts";

describe("status objects that conditions are written to", () => {
  const named = (name: string): ServiceL2Status => ({ metadata: { name } });

  it("K8S-6: where the server no longer knows the place in the list (410), all are read anew", async () => {
    const asked: ListOptions[] = [];
    const list = (_: unknown, options: ListOptions): Promise<never> => {
      asked.push(options);
      if (options.continue !== undefined) {
        return Promise.reject(KubeApiError.refused("GET /x", 410, "the token expired"));
      }
      const names = options.limit === undefined ? ["a", "b", "c"] : ["a"];
      const more = options.limit === undefined ? {} : { continue: "token" };
      return Promise.resolve({ items: names.map(named), resourceVersion: "1", ...more } as never);
    };
    const client = { list, patch: () => Promise.reject(new Error("not to be called")) };
    const objects = new ConditionObjects(client, "metallb-system");
    const names = new Set<string>();
    for await (const { metadata } of objects.all()) names.add(metadata.name);
    assert.deepEqual([...names], ["a", "b", "c"]);
    assert.equal(asked.length, 3);
  });
});
